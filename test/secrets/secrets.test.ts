import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parse, stringify } from 'yaml';
import { projectRoot } from '../../db/project-root.js';

const script = join(projectRoot, 'secrets', 'sops.sh');
const tools = ['sops', 'age-keygen'];
const missing = tools.filter((tool) => spawnSync(tool, ['--help']).error);
const skip = missing.length > 0 && `this machine has no ${missing.join(', no ')}`;

const PLAIN = `# the comment is a secret as well
POSTGRES_USER='grace hopper'
POSTGRES_PASSWORD='p@ss/w#rd'
QUOTES="it's \\"quoted\\""
DOLLARS='$HOME \${PORT:-1} %41'
SPACES=  leading and trailing  
BACKSLASHES=C:\\new\\table
EQUALS=a=b==
`;

/** A folder with our scripts and our rule, a key for each name in `keys`, and these `readers`. */
async function createProject(t: Test, keys: string[], readers = keys) {
  const folder = t.testdir({ secrets: {} });
  for (const file of ['package.json', 'secrets/sops.sh']) cpSync(join(projectRoot, file), join(folder, file));
  const inProject = (file: string) => join(folder, file);
  // Not the keys of whoever runs the tests.
  const { SOPS_AGE_KEY, SOPS_AGE_KEY_CMD, ...inherited } = process.env;
  const env = { ...inherited, HOME: folder, XDG_CONFIG_HOME: folder };
  const run = async (key: string, file: string, arguments_: string[]) => {
    const options = { cwd: folder, env: { ...env, SOPS_AGE_KEY_FILE: inProject(`${key}.key`) } };
    return (await promisify(execFile)(file, arguments_, options)).stdout;
  };
  const publicKeys = new Map<string, string>();
  for (const key of keys) {
    await run(key, 'age-keygen', ['-o', inProject(`${key}.key`)]);
    publicKeys.set(key, (await run(key, 'age-keygen', ['-y', inProject(`${key}.key`)])).trim());
  }
  const project = {
    plain: inProject('.env'),
    encrypted: inProject('secrets/production.enc.env'),
    setReaders(names: string[]) {
      const rules = parse(readFileSync(join(projectRoot, '.sops.yaml'), 'utf8'));
      rules.creation_rules[0].key_groups[0].age = names.map((name) => publicKeys.get(name) ?? name);
      writeFileSync(inProject('.sops.yaml'), stringify(rules));
    },
    encrypt: (key: string) => run(key, 'npm', ['run', 'secrets:encrypt']),
    decrypt: (key: string) => run(key, 'npm', ['run', 'secrets:decrypt']),
    sops: (key: string, ...arguments_: string[]) => run(key, 'sops', arguments_),
  };
  project.setReaders(readers);
  return project;
}

t.test('what is encrypted is decrypted to the same text', { skip }, async (t) => {
  const project = await createProject(t, ['ada']);
  writeFileSync(project.plain, PLAIN);
  await project.encrypt('ada');

  await t.test('the encrypted file holds no value in plain text', async (t) => {
    const encrypted = readFileSync(project.encrypted, 'utf8');
    t.match(encrypted, /^POSTGRES_PASSWORD=ENC\[/m);
    for (const line of PLAIN.trimEnd().split('\n')) {
      const value = line.replace(/^\w+=/, '').trim();
      t.notOk(encrypted.includes(value), value);
    }
    t.notOk(encrypted.includes('p@ss'));
  });

  await t.test('the decrypted file is the same, and only its owner can read it', async (t) => {
    rmSync(project.plain);
    t.match(await project.decrypt('ada'), 'decrypted secrets/production.enc.env to .env');
    t.equal(readFileSync(project.plain, 'utf8'), PLAIN);
    t.equal(statSync(project.plain).mode & 0o777, 0o600);
  });

  await t.test('decrypting again tightens the mode of the same .env', async (t) => {
    rmSync(project.plain);
    // sops drops the empty line: the file counts as the same.
    writeFileSync(project.plain, PLAIN.replace('\n', '\n\n'), { mode: 0o644 });
    await project.decrypt('ada');
    t.equal(readFileSync(project.plain, 'utf8'), PLAIN);
    t.equal(statSync(project.plain).mode & 0o777, 0o600);
  });

  await t.test('a .env with other values is not overwritten', async (t) => {
    writeFileSync(project.plain, 'PORT=4000\n');
    await t.rejects(project.decrypt('ada'), {
      message: /\.env exists and differs from secrets\/production\.enc\.env: move it away first/,
    });
    t.equal(readFileSync(project.plain, 'utf8'), 'PORT=4000\n');
  });
});

t.test('a key that is no reader cannot decrypt', { skip }, async (t) => {
  const project = await createProject(t, ['ada', 'mallory'], ['ada']);
  writeFileSync(project.plain, PLAIN);
  await project.encrypt('ada');
  rmSync(project.plain);
  await t.rejects(project.decrypt('mallory'), {
    message: /secrets\/production\.enc\.env could not be decrypted; \.env is unchanged/,
  });
  t.notOk(existsSync(project.plain));
});

t.test('a reader is added and removed as docs/secrets.md says', { skip }, async (t) => {
  const project = await createProject(t, ['ada', 'grace'], ['ada']);
  const file = 'secrets/production.enc.env';
  writeFileSync(project.plain, PLAIN);
  await project.encrypt('ada');
  rmSync(project.plain);
  await t.rejects(project.decrypt('grace'));

  project.setReaders(['ada', 'grace']);
  await project.sops('ada', 'updatekeys', '--yes', file);
  await project.decrypt('grace');
  t.equal(readFileSync(project.plain, 'utf8'), PLAIN);

  project.setReaders(['grace']);
  await project.sops('grace', 'updatekeys', '--yes', file);
  await project.sops('grace', 'rotate', '--in-place', file);
  await project.decrypt('grace');
  rmSync(project.plain);
  await t.rejects(project.decrypt('ada'));
});

t.test('the placeholder in .sops.yaml is refused', async (t) => {
  const project = await createProject(t, [], ['REPLACE_WITH_THE_AGE_PUBLIC_KEY_OF_A_READER']);
  writeFileSync(project.plain, PLAIN);
  await t.rejects(project.encrypt('nobody'), { message: /\.sops\.yaml names no reader yet/ });
  t.notOk(existsSync(project.encrypted));
});

t.test('a machine without sops is referred to docs/secrets.md', async (t) => {
  const env = { PATH: t.testdir({}) };
  await t.rejects(promisify(execFile)('/bin/sh', [script, 'decrypt'], { env }), {
    code: 1,
    stderr: 'sops is not installed: see docs/secrets.md\n',
  });
});
