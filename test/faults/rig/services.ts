import { freePort } from '../../../db/embedded/free-port.js';
import { type LogLine, type ServiceProcess, startService } from '../../support/process.js';
import type { Scope } from '../../support/scope.js';
import { until } from '../../support/until.js';
import { childrenOf } from './processes.js';

/** Another program than that of the service: see startService. */
export interface Program {
  script?: string;
  nodeArguments?: string[];
  /** More settings than the rig gives. */
  settings?: Record<string, string>;
}

/** A service on a port that it keeps over restarts. */
export class Service {
  readonly url: string;
  readonly #scope: Scope;
  readonly #settings: Record<string, string>;
  readonly #program: Program;
  #process: ServiceProcess;
  /** The log of the processes before. */
  readonly #earlierLog: LogLine[] = [];

  private constructor(scope: Scope, settings: Record<string, string>, program: Program) {
    this.#scope = scope;
    this.#settings = settings;
    this.#program = program;
    this.url = `http://127.0.0.1:${settings['PORT']}`;
    this.#process = startService(scope, settings, program);
  }

  static async start(scope: Scope, settings: Record<string, string>, program: Program): Promise<Service> {
    const port = String(await freePort());
    return new Service(scope, { ...settings, ...program.settings, PORT: port }, program);
  }

  get log(): LogLine[] {
    return [...this.#earlierLog, ...this.#process.log];
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The processes of WEB_CONCURRENCY; none, if it is 1. */
  workers(): Promise<number[]> {
    return childrenOf(this.pid);
  }

  async isHealthy(): Promise<boolean> {
    const response = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => undefined,
    );
    await response?.arrayBuffer().catch(() => {});
    return response?.status === 200;
  }

  async untilHealthy(timeoutMs?: number): Promise<void> {
    await until('health', () => this.isHealthy(), timeoutMs).catch((error) => {
      throw new Error(`${error.message}: ${this.lastWords()}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends the process. @returns its exit code, or the signal that killed it. */
  async stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#process.signal(signal);
    return this.#process.exited();
  }

  /** Starts another process, on the same port. The one before must have ended. */
  restart(): void {
    this.#earlierLog.push(...this.#process.log);
    this.#process = startService(this.#scope, this.#settings, this.#program);
  }

  /** The end of its log, and of its other output. */
  lastWords(): string {
    const lines = [...this.log.slice(-3).map(({ msg }) => msg), ...this.#process.output.slice(-12)];
    return lines.join('; ');
  }
}
