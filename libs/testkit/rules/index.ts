import type { Rule } from '../rule.js';
import { callRules } from './calls.js';
import { capabilityRules } from './capabilities.js';
import { contentRules } from './content.js';
import { definitionRules } from './definition.js';
import { errorRules } from './errors.js';
import { fakeRules } from './fake.js';
import { idRules } from './ids.js';
import { mappingRules } from './mapping.js';
import { peopleRules } from './people.js';
import { secretRules } from './secrets.js';
import { sequenceRules } from './sequences.js';
import { settingsRules } from './settings.js';
import { webhookRules } from './webhooks.js';

/** All that the suite proves, by topic. */
export const RULES: { topic: string; rules: Rule[] }[] = [
  { topic: 'definition', rules: definitionRules },
  { topic: 'settings', rules: settingsRules },
  { topic: 'secrets', rules: secretRules },
  { topic: 'calls', rules: callRules },
  { topic: 'several calls', rules: sequenceRules },
  { topic: 'capabilities', rules: capabilityRules },
  { topic: 'content', rules: contentRules },
  { topic: 'errors', rules: errorRules },
  { topic: 'webhooks', rules: webhookRules },
  { topic: 'events', rules: mappingRules },
  { topic: 'words, files and people', rules: peopleRules },
  { topic: 'ids', rules: idRules },
  { topic: 'the fake', rules: fakeRules },
];
