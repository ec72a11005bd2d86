import { Allow } from 'class-validator';
import { Setting } from '#contract';
import { definitions, sessions, type Mutant } from './mutant.js';
import { ParleySettings } from './settings.js';

class WithoutHelp extends ParleySettings {
  @Setting({ type: 'string', title: 'Colour', help: '' })
  colour?: string;
}

class WithOpenKey {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where the API of Parley is.', required: true })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Account', help: 'The name of the account.', required: true })
  account: string;
  @Setting({ type: 'string', title: 'API key', help: 'From the page "Developers".', required: true })
  apiKey: string;
  @Setting({ type: 'string', title: 'Signing key', help: 'What events are signed with.', required: true })
  signingKey: string;
  @Setting({ type: 'duration', title: 'End grace', help: 'How long a leaving may be a transfer.', default: '10s' })
  endGrace: string;
}

class WithBadDefault extends ParleySettings {
  @Setting({ type: 'duration', title: 'Patience', help: 'How long to be patient.', default: 'a while' })
  patience: string;
}

class WithSecretDefault extends ParleySettings {
  @Setting({ type: 'string', title: 'Token', help: 'Ends the address of the webhook.', secret: true, default: 'abc' })
  token: string;
}

class WithSecretExample extends ParleySettings {
  @Setting({ type: 'string', title: 'Token', help: 'Such as signing-key-of-parley.', secret: true })
  token?: string;
}

class WithOptionalAccount {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where the API of Parley is.', required: true })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Account', help: 'The name of the account.' })
  account: string;
  @Setting({ type: 'string', title: 'API key', help: 'From the page "Developers".', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'string', title: 'Signing key', help: 'What events are signed with.', secret: true })
  signingKey: string;
  @Setting({ type: 'duration', title: 'End grace', help: 'How long a leaving may be a transfer.', default: '10s' })
  endGrace: string;
}

class Undeclared {
  @Allow()
  queueId?: string;
}

/** Wrong in what a provider says of itself. */
export const mutantsOfData: Mutant[] = [
  {
    wrong: 'its documentation has no address',
    breaks: ["the definition has a key, a title, and the address of the vendor's documentation"],
    change: definitions({ docsUrl: 'see the wiki' }),
  },
  { wrong: 'a setting has no help', breaks: ['every setting has a title and help'], change: definitions({ settings: WithoutHelp }) }, // prettier-ignore
  {
    wrong: 'secrets are not marked',
    breaks: ['every setting that holds a secret is marked as one', 'no secret is left when settings are shown'],
    change: definitions({ settings: WithOpenKey }),
  },
  {
    wrong: 'a capability is declared whose method is missing',
    breaks: ['a capability is declared if and only if its method is there'],
    change: sessions((session) => Object.assign(session, { thinking: undefined })),
  },
  {
    wrong: 'a method is there whose capability is not declared',
    breaks: ['a capability is declared if and only if its method is there'],
    change: definitions({ capabilities: ['convert'] }),
  },
  {
    wrong: 'a default is not valid',
    breaks: ['the sample settings are valid, with every default'],
    change: definitions({ settings: WithBadDefault }),
  },
  {
    wrong: 'it has a secret of which there is no sample',
    breaks: ['the sample settings have a value for every secret, another one in each account'],
    change: definitions({ settings: WithSecretExample }),
  },
  {
    wrong: 'it refuses a request that is in order',
    breaks: ['the sample request to start is valid'],
    change: sessions((session) => (session.validate = () => [{ pointer: '/user', detail: 'is wrong' }])),
  },
  {
    wrong: 'it breaks when a setting is missing that it does not require',
    breaks: ['a missing setting is refused by its name, or is not needed'],
    change(provider) {
      definitions({ settings: WithOptionalAccount })(provider);
      provider.checkSettings = () => [];
      sessions(({ settings }) => void settings.account.trim())(provider);
    },
  },
  {
    wrong: 'it takes a setting of any type',
    breaks: ['a setting of the wrong type is refused by its name'],
    change: definitions({ handoverSettings: Undeclared }),
  },
  {
    wrong: 'it takes an address with credentials in it',
    breaks: ['an address with credentials in it is refused by its name'],
    change: (provider) => (provider.checkSettings = () => []),
  },
  {
    wrong: 'it does not say which setting is wrong',
    breaks: ['what only the provider knows to be wrong is refused by its name'],
    change: (provider) => (provider.checkSettings = () => [{ pointer: '', detail: 'something is wrong' }]),
  },
  {
    wrong: 'a secret has a default',
    breaks: ['no secret is in the JSON Schema, neither as a default nor as an example'],
    change: definitions({ settings: WithSecretDefault }),
  },
  {
    wrong: 'the help of a secret has a real one as its example',
    breaks: ['no secret is in the JSON Schema, neither as a default nor as an example'],
    change: definitions({ settings: WithSecretExample }),
  },
];
