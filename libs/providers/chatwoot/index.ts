export { ChatwootModule as default } from './chatwoot.module.js';
