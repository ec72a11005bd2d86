import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { arrows } from './test/house/arrows.js';

/** One rule set per folder: what it may not import, from the same table that the arrows spec reads. */
const arrowRules = arrows.map(({ from, forbidden, why }) => ({
  files: [`${from}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ regex: forbidden, message: why }] }],
  },
}));

export default tseslint.config(
  { ignores: ['**/dist', 'node_modules', '.data'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='any'] CallExpression[callee.property.name='timeout']",
          message: 'Node 20 forgets such a time-out when it collects garbage: use within() of #contract.',
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        FormData: 'readonly',
      },
    },
  },
  {
    files: ['apps/**/page/*.js'],
    languageOptions: {
      globals: {
        window: 'readonly',
        document: 'readonly',
        fetch: 'readonly',
        EventSource: 'readonly',
        location: 'readonly',
        localStorage: 'readonly',
        crypto: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        URLSearchParams: 'readonly',
        confirm: 'readonly',
        URL: 'readonly',
        AbortController: 'readonly',
        TextDecoderStream: 'readonly',
        clearTimeout: 'readonly',
        getSelection: 'readonly',
        history: 'readonly',
        navigator: 'readonly',
        sessionStorage: 'readonly',
      },
    },
  },
  ...arrowRules,
  prettier,
);
