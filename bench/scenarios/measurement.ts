import type { Figures, LoadPlan } from '../load/plan.js';

/** The place of a measurement in tables and charts. */
export interface Place {
  /** What the rows of its table stand for. */
  axis: 'Scenario' | 'Open loop' | 'Overload' | 'Claims in the table' | 'Coupons' | 'Connections';
  /** Its row, such as `hot` or `1,000`. */
  label: string;
  /** Its server, such as `engine` or `engine, empty table`. */
  server: string;
  round: number;
}

/** Names a place, such as `Scenario: hot, engine`. */
export function nameOf({ axis, label, server }: Place): string {
  return `${axis}: ${label}, ${server}`;
}

export interface Measurement extends Place, Figures {
  plan: LoadPlan;
  perSecond: number;
  /** Processor time per answer, of all processes of the server. Null: unknown. */
  serverCpuUs: number | null;
  /** Processor time per answer, of all processes of PostgreSQL. Null: unknown. */
  databaseCpuUs: number | null;
  /** The 99th percentile of `GET /health` meanwhile. Null: nobody asked. */
  healthP99Ms: number | null;
  /** The peak of the server's resident memory. Null: unknown. */
  serverMiB: number | null;
}
