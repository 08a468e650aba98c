import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../../../db/embedded/postmaster.js';
import type { Service } from '../services.js';
import type { Fault } from './fault.js';

const SECONDS_PER_HOUR = 3_600;

/** What breaks a service. */
export const serviceFaults = {
  async killService({ services, random }, lastsMs) {
    const service = random.pick(services);
    await service.stop('SIGKILL');
    await sleep(lastsMs);
    service.restart();
  },

  async stopService({ services, random }, lastsMs) {
    const service = random.pick(services);
    const code = await service.stop('SIGTERM');
    // A process that has just begun does not handle signals yet.
    if (code !== 0 && code !== 'SIGTERM')
      throw new Error(`a service ended with ${code} at SIGTERM: ${service.lastWords()}`);
    await sleep(lastsMs);
    service.restart();
  },

  async killWorker({ services, random }) {
    await signalOne(random.pick(services), 'SIGKILL');
  },

  async freezeService({ services, random }, lastsMs) {
    const thaw = await signalOne(random.pick(services), 'SIGSTOP');
    await sleep(lastsMs);
    thaw();
  },

  jumpForward: moveClock(SECONDS_PER_HOUR),
  jumpBack: moveClock(-SECONDS_PER_HOUR),
} satisfies Record<string, Fault>;

function moveClock(seconds: number): Fault {
  return async (rig, lastsMs) => {
    rig.moveClock?.(seconds);
    await sleep(lastsMs);
    rig.moveClock?.(0);
  };
}

/** Sends a signal to a worker, or to a service without workers. @returns what lets it go on. */
async function signalOne(service: Service, signal: NodeJS.Signals): Promise<() => void> {
  const [pid = service.pid] = await service.workers();
  process.kill(pid, signal);
  return () => {
    // It may have ended meanwhile.
    if (isAlive(pid)) process.kill(pid, 'SIGCONT');
  };
}
