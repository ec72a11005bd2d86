export { Simulator, DEFAULT_TENANT, type RecordedRequest, type SimulatorOptions } from './simulator.js';
export type { ApiFault, FaultSettings, Faults } from './faults.js';
export type { SimulatedConversation, SimulatedMessage, SimulatedTenant } from './model.js';
