export { ChatwootSimulator, type ChatwootSimulatorOptions, type ConversationRef } from './simulator.js';
export { DEFAULT_ACCOUNT, type ChatwootAccount, type ChatwootConversation, type ChatwootMessage } from './model.js';
