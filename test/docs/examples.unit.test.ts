import t from 'tap';
import { isAsShown, readExamples } from '../support/examples.js';

const document = `# Title

\`\`\`sh
npm ci && npm start
\`\`\`

\`\`\`sh
curl http://localhost:3000/health
\`\`\`

\`\`\`json
{"status":"healthy"}
\`\`\`

Some text.

\`\`\`bash
curl -X POST http://localhost:3000/one \\
  -d 1
curl http://localhost:3000/two
\`\`\`

An output belongs only to the block right above it:

\`\`\`text
of nothing
\`\`\`

<!-- not run -->
\`\`\`sh
docker compose up && curl http://localhost:3000/health
\`\`\`

\`\`\`sh
RATE_LIMIT_PER_SECOND=2 CLAIM_LANES=1 npm start
\`\`\`

\`\`\`ts
fetch('http://localhost:3000/health')
\`\`\`
`;

t.test(
  'the examples are the shell blocks that call the service or start it, with the outputs below',
  async (t) => {
    t.same(readExamples(document), [
      { line: 7, command: 'curl http://localhost:3000/health\n', output: '{"status":"healthy"}\n' },
      {
        line: 17,
        command: 'curl -X POST http://localhost:3000/one \\\n  -d 1\ncurl http://localhost:3000/two\n',
        output: undefined,
      },
      {
        line: 34,
        command: 'RATE_LIMIT_PER_SECOND=2 CLAIM_LANES=1 npm start\n',
        output: undefined,
        settings: { RATE_LIMIT_PER_SECOND: '2', CLAIM_LANES: '1' },
      },
    ]);
  },
);

t.test(
  'an output is as shown if it differs only in spaces, empty lines and where the document has …',
  async (t) => {
    const printed =
      'HTTP/1.1 200 OK\r\nx-request-id: 42\r\nlocation: /a\r\n\r\n{"error":"(none)","left":4}\n';
    const shown = ['HTTP/1.1 200 OK', 'x-request-id: …', 'location: /a', '…', '{…"left":4}'].join('\n');
    t.ok(isAsShown(shown, printed));
    t.ok(isAsShown('HTTP/1.1 200 OK\n…', printed));
    t.ok(isAsShown('HTTP/1.1 200 OK\n…', 'HTTP/1.1 200 OK\r\n'), '… may stand for nothing');
    t.ok(isAsShown('  4 200\n 46 400\n', '      4 200\n     46 400\n'));
    for (const [from, to] of [
      ['200 OK', '201 Created'],
      ['location: /a', 'location: /b'],
      ['4}', '5}'],
      ['HTTP/1.1', 'HTTP/1x1'],
      ['…\n', ''],
    ] as const) {
      t.notOk(isAsShown(shown.replace(from, to), printed), `${from} is not ${to}`);
    }
    t.notOk(isAsShown('4 200', '14 200'), 'the whole output counts');
    t.notOk(isAsShown('a: …\nc: 3', 'a: 1\nb: 2\nc: 3'), '… within a line is no line');
    const claim = '{"user_id":"user-7","claimed_at":"12:00","position":2}';
    t.ok(isAsShown('{"user_id":"user-…","claimed_at":"…",…}', claim));
    t.notOk(isAsShown('{"user_id":"…","position":2}', claim), '… within quotes has no quotes');
    t.ok(isAsShown('{"user_id":"user-7",…\n"position":2}', claim), 'a line may be broken');
    t.ok(isAsShown('{"user_id":"user-7",…,"position":2}', claim), '… between values may have them');
    t.notOk(isAsShown('', printed), 'an empty block stands for no output');
  },
);
