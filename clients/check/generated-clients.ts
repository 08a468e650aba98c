import { cpSync } from 'node:fs';
import { join } from 'node:path';

/** A client that a generator makes from the contract, and a program that uses it. */
export interface GeneratedClient {
  name: string;
  language: 'go' | 'python' | 'java';
  /** A command that shows whether the toolchain is there. */
  probe: string[];
  /** Copies the program to an empty folder. */
  prepare(folder: string): void;
  /** Generate and compile the client. They run in the folder. */
  build: string[][];
  /** Runs the program. */
  run: string[];
  settings?: Record<string, string>;
}

const SPEC = 'openapi.yaml';
const OAPI_CODEGEN = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const OGEN = 'github.com/ogen-go/ogen/cmd/ogen@v1.24.0';
const OPENAPI_PYTHON_CLIENT = 'openapi-python-client==0.29.1';

const here = (name: string) => join(import.meta.dirname, name);

export const generatedClients: GeneratedClient[] = [
  go('oapi-codegen', [
    ['mkdir', '-p', 'client'],
    [
      'go',
      'run',
      OAPI_CODEGEN,
      '-package',
      'client',
      '-generate',
      'types,client',
      '-o',
      'client/client.go',
      SPEC,
    ],
  ]),
  go('ogen', [['go', 'run', OGEN, '--target', 'client', '--package', 'client', '--clean', SPEC]]),
  {
    name: 'openapi-python-client',
    language: 'python',
    probe: ['python3', '-m', 'venv', '--help'],
    prepare: (folder) => cpSync(here('python'), folder, { recursive: true }),
    build: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', OPENAPI_PYTHON_CLIENT],
      [
        ...['venv/bin/openapi-python-client', 'generate', '--path', SPEC, '--meta', 'none'],
        ...['--config', 'generator.yaml', '--output-path', 'coupons'],
      ],
    ],
    run: ['venv/bin/python', 'check.py'],
  },
  java('native'),
  java('okhttp-gson'),
];

function go(generator: string, generate: string[][]): GeneratedClient {
  return {
    name: generator,
    language: 'go',
    probe: ['go', 'version'],
    prepare: (folder) => cpSync(here(`go-${generator}`), folder, { recursive: true }),
    build: [
      ['go', 'mod', 'init', 'example.com/check'],
      ...generate,
      ['go', 'mod', 'tidy'],
      ['go', 'build', '-o', 'check', '.'],
    ],
    run: ['./check'],
    // A Go workspace around the folder would take its modules for its own.
    settings: { GOWORK: 'off', GOFLAGS: '-mod=mod' },
  };
}

function java(library: string): GeneratedClient {
  return {
    name: `openapi-generator, ${library}`,
    language: 'java',
    probe: ['mvn', '--version'],
    prepare(folder) {
      cpSync(here('java/pom.xml'), join(folder, 'pom.xml'));
      cpSync(here('java/Check.java'), join(folder, 'src/main/java/Check.java'));
      cpSync(here(`java/${library}/Library.java`), join(folder, 'src/main/java/Library.java'));
    },
    build: [['mvn', '--quiet', '--batch-mode', 'compile', `-Dspec=${SPEC}`, `-Dlibrary=${library}`]],
    run: ['mvn', '--quiet', '--batch-mode', 'exec:java', `-Dspec=${SPEC}`, `-Dlibrary=${library}`],
  };
}
