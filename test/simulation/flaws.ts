/** Planted bugs of the model of PostgreSQL. */
export type Flaw =
  | 'oversells by one'
  | 'claims twice'
  | 'trusts its snapshot for the stock'
  | 'gives what was restocked behind its snapshot'
  | 'gives holders a place'
  | 'takes a hidden claim for sold out'
  | 'stores no key'
  | 'locks in the order of the requests'
  | 'answers before the commit';
