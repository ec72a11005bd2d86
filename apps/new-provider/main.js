import { fileURLToPath, URL } from 'node:url';
import { newProvider } from './new-provider.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

try {
  const { folder, files } = await newProvider(root, process.argv.slice(2));
  process.stdout.write(
    [
      `${folder} is there:`,
      ...files.map((file) => `  ${file}`),
      'See what is to do:',
      `  npm run test:unit -- ${folder}`,
      'How, and in which order: docs/providers/write-one.md',
      '',
    ].join('\n'),
  );
} catch (error) {
  if (error.name !== 'UsageError') throw error;
  process.stderr.write(`${error.message}\nUsage: npm run provider:new -- <key>\n`);
  process.exitCode = 2;
}
