import { stringify } from 'csv-stringify/sync';
import type { ListedClaim } from '../claims/list-claims.js';
import * as claims from '../claims/list-claims.js';
import type { Handler, ReplyFor, RequestOf } from '../contract.js';
import type { Pages } from '../database/pages.js';
import { chooseMediaType } from '../http/accept.js';
import { listByNumber, pageBody, readPageQuery, sendInvalidCursor } from '../http/lists.js';
import { sendInvalidRequest, sendProblem } from '../http/problems.js';
import { sendStream } from '../http/stream.js';
import type { Shards } from '../shards/shards.js';

const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv; charset=utf-8; header=present';

/** The first one is preferred. A client may ask for CSV with the parameters of ours, or without any. */
const MEDIA_TYPES = ['application/json', NDJSON, 'text/csv', CSV];

export function listClaims(shards: Shards): Handler<'listClaims'> {
  return async (request, reply) => {
    reply.header('Vary', 'Accept');
    switch (chooseMediaType(request, MEDIA_TYPES)) {
      case NDJSON:
        return sendAll(shards, request, reply, NDJSON, ndjson);
      case 'text/csv':
      case CSV:
        return sendAll(shards, request, reply, CSV, csv);
      default:
        return sendPage(shards, request, reply);
    }
  };
}

type Request = RequestOf<'listClaims'>;
type Reply = ReplyFor<'listClaims'>;

async function sendPage(shards: Shards, { params, query }: Request, reply: Reply): Promise<Reply> {
  const list = listByNumber(`claims of coupon ${params.name}`);
  const wanted = readPageQuery(list, query);
  if (!wanted) return sendInvalidCursor(reply);
  const page = await claims.listClaims(shards.of(params.name), params.name, wanted);
  return page ? reply.code(200).send(pageBody(list, page)) : sendProblem(reply, 'coupon_not_found');
}

async function sendAll(
  shards: Shards,
  request: Request,
  reply: Reply,
  mediaType: string,
  format: (pages: Pages<ListedClaim>) => AsyncGenerator<string>,
): Promise<Reply> {
  // Of the parsed query, the limit may be the contract's default.
  const [, query] = request.url.split('?', 2);
  if (new URLSearchParams(query).size > 0) {
    return sendInvalidRequest(reply, 'limit and cursor need Accept: application/json');
  }
  const { name } = request.params;
  const pages = await claims.streamClaims(shards.of(name), name);
  if (!pages) return sendProblem(reply, 'coupon_not_found');
  return sendStream(reply, mediaType, format(pages), () => pages.close());
}

async function* ndjson(pages: Pages<ListedClaim>): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((claim) => `${JSON.stringify(claim)}\n`).join('');
}

const COLUMNS = ['user_id', 'coupon_name', 'claimed_at'] satisfies (keyof ListedClaim)[];

/** RFC 4180. A spreadsheet must not run what a client chose as a name: see `escape_formulas`. */
async function* csv(pages: Pages<ListedClaim>): AsyncGenerator<string> {
  const lines = (rows: (ListedClaim | string[])[]) =>
    stringify(rows, {
      columns: COLUMNS,
      record_delimiter: 'windows',
      escape_formulas: true,
      // Without this, it would quote only the delimiter as a whole, and not a lone CR or LF.
      quoted_match: /[\r\n]/,
    });
  yield lines([COLUMNS]);
  for await (const page of pages) yield lines(page);
}
