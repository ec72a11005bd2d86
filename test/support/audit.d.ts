export function verdict(printed: string): { found: string[]; unknown: string | null };
