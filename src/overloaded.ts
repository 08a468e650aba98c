/** No room or no time for the request. It was not run, and may be sent again later. */
export class Overloaded extends Error {}
