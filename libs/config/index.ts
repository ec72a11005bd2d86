/** Where the gateway's configuration comes from: the environment and one YAML file. Nothing else reads either of them. */
export * from './config-error.js';
export * from './entries.js';
export * from './environment.js';
export * from './file-config.js';
export * from './webhook-urls.js';
