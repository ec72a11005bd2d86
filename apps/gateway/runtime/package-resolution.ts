/** What a package must have in common with the gateway: each has classes or symbols that are compared by identity. */
const SHARED = /^(handover-gateway|@nestjs\/(common|core|axios)|reflect-metadata)(\/|$)/;

/** The part of Node's resolution context that matters here. */
interface Context {
  parentURL?: string;
}

/**
 * A resolve hook of Node's: whoever imports what is shared gets the gateway's own copy, as if this file imported it. So a package
 * needs no link to the gateway, wherever it is installed, and can have no second copy. Runs in a thread of its own on Node 20, so
 * it must know nothing of the gateway.
 */
export function resolve<T>(specifier: string, context: Context, next: (specifier: string, context: Context) => T): T {
  return next(specifier, SHARED.test(specifier) ? { ...context, parentURL: import.meta.url } : context);
}
