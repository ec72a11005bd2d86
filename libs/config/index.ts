/** Where the gateway's configuration comes from: the environment and one YAML file. Nothing else reads either of them. */
export * from './config-error.js';
export * from './entries.js';
export * from './env-file.js';
export * from './environment.js';
export * from './file-config.js';
export { callbackAddress } from './callback-address.js';
export { ownSecrets } from './secret-rules.js';
export { fileTrouble, readTextFile } from './text-file.js';
export * from './webhook-urls.js';
