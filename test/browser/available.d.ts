export const chromiumPath: string | null;
