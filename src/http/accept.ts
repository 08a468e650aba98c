import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** Reading the header takes time for each of its types. Browsers send about 100 characters. */
const ACCEPT_LENGTH_MAX = 1_000;

/**
 * Chooses the media type that the client likes best. Of those that it likes the same, the first wins.
 * @returns undefined if the client accepts none of them, or if its `Accept` is too long to be read.
 */
export function chooseMediaType(
  { headers }: Pick<FastifyRequest, 'headers'>,
  mediaTypes: string[],
): string | undefined {
  const isTooLong = (headers.accept?.length ?? 0) > ACCEPT_LENGTH_MAX;
  return isTooLong ? undefined : new Negotiator({ headers }).mediaType(mediaTypes);
}
