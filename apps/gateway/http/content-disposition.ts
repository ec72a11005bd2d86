/**
 * The header that has a file saved under its name and never shown (RFC 6266): in ASCII for old readers, and as it is for all others
 * (RFC 8187).
 */
export function saveAs(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  // What `encodeURIComponent` leaves as it is and RFC 8187 does not.
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
