export { EightByEightModule as default } from './eight-by-eight.module.js';
export { definition } from './definition.js';
export { EightByEightProvider } from './provider.js';
