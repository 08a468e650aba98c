import type { FaultKind } from '../../plan.js';
import { databaseFaults } from './database-faults.js';
import type { Fault } from './fault.js';
import { networkFaults } from './network-faults.js';
import { serviceFaults } from './service-faults.js';

export const faults: Record<FaultKind, Fault> = { ...databaseFaults, ...networkFaults, ...serviceFaults };
