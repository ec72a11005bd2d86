const TOKEN = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

/**
 * Replaces every `${NAME}` by the environment variable; `$${` stands for a literal `${`. What is put in is not looked at again.
 * `problems` say what is missing or malformed, without showing any of the text around it: it may be a secret.
 */
export function resolveReferences(text: string, env: NodeJS.ProcessEnv): { text: string; problems: string[] } {
  const problems: string[] = [];
  const resolved = text.replace(TOKEN, (token, name: string | undefined) => {
    if (token === '$${') return '${';
    if (name === undefined) {
      problems.push('holds "${" without a variable name: write ${NAME}, or $${ for a literal ${');
      return token;
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (!value)
      problems.push(
        `the environment variable ${name} is not set or empty: set it, or write $$\{${name}} if the text is meant as it stands`,
      );
    return value ?? '';
  });
  return { text: resolved, problems };
}

/** Whether a text asks for a replacement. */
export function holdsReference(text: string): boolean {
  return [...text.matchAll(TOKEN)].some(([token]) => token !== '$${');
}
