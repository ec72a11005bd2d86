/** `=?charset?encoding?text?=` (RFC 2047), as .NET writes it into forms. */
const ENCODED_WORD = /=\?([\w.:-]+)(?:\*[\w-]*)?\?([bq])\?([^?]*)\?=/gi;
/** Blanks between two encoded words are part of neither. */
const SPLIT = /(\?=)[\t ]+(?==\?[\w.:*-]+\?[bq]\?)/gi;
/** `charset'language'percent-encoded` (RFC 8187). */
const EXTENDED = /^([\w.:-]*)'[\w-]*'(.*)$/s;
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/gs;

/**
 * The name of the file in a part's header, where the part gives it in an encoding of its own: `filename*`, or in pieces
 * `filename*0*` …, or encoded words in `filename`. Undefined where it gives it plainly, or not at all.
 * @param disposition the value of Content-Disposition, a character for each of its bytes
 */
export function encodedFilename(disposition: string): string | undefined {
  const parameters = new Map<string, string>();
  for (const [, name, value] of disposition.matchAll(PARAMETER)) {
    const key = name!.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, unquoted(value!));
  }
  const extended = parameters.get('filename*') ?? inPieces(parameters);
  const decoded = extended === undefined ? undefined : fromExtended(extended);
  return decoded ?? fromWords(parameters.get('filename') ?? '');
}

/** RFC 2231: a value in numbered pieces, of which those with a star are percent-encoded. */
function inPieces(parameters: Map<string, string>): string | undefined {
  let whole = '';
  let isExtended = false;
  for (let index = 0; ; index++) {
    const encoded = parameters.get(`filename*${index}*`);
    const plain = parameters.get(`filename*${index}`);
    if (index === 0) isExtended = encoded !== undefined;
    if (encoded === undefined && plain === undefined) break;
    whole += encoded ?? (isExtended ? plain!.replaceAll('%', '%25') : plain!);
  }
  if (whole === '') return undefined;
  return isExtended ? whole : `utf-8''${whole.replaceAll('%', '%25')}`;
}

function fromExtended(value: string): string | undefined {
  const [, charset, text] = EXTENDED.exec(value) ?? [];
  return text === undefined ? undefined : decode(fromHex(text, '%'), charset || 'utf-8');
}

function fromWords(value: string): string | undefined {
  let isRight = true;
  let hasWord = false;
  // Words of one charset may break within a character, so their bytes are put together first.
  const pieces: { charset: string; bytes: Buffer }[] = [];
  const flush = (): string => {
    const text = decode(Buffer.concat(pieces.map(({ bytes }) => bytes)), pieces[0]?.charset ?? 'utf-8');
    pieces.length = 0;
    isRight &&= text !== undefined;
    return text ?? '';
  };
  let result = '';
  let from = 0;
  const whole = value.replace(SPLIT, '$1');
  for (const match of whole.matchAll(ENCODED_WORD)) {
    const [word, charset, encoding, text] = match as unknown as [string, string, string, string];
    hasWord = true;
    const between = whole.slice(from, match.index);
    if (between !== '' || (pieces[0] && pieces[0].charset !== charset.toLowerCase())) result += flush();
    result += plain(between);
    const bytes =
      encoding.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : fromHex(text.replaceAll('_', ' '), '=');
    pieces.push({ charset: charset.toLowerCase(), bytes });
    from = match.index + word.length;
  }
  if (!hasWord) return undefined;
  result += flush() + plain(whole.slice(from));
  return isRight ? result : undefined;
}

function fromHex(text: string, mark: '%' | '='): Buffer {
  const escaped = mark === '%' ? /%([0-9a-f]{2})/gi : /=([0-9a-f]{2})/gi;
  return Buffer.from(
    text.replace(escaped, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
}

function decode(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // A charset that nobody knows.
    return undefined;
  }
}

function plain(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Only quotes and backslashes are escaped: a path of Windows keeps its backslashes. */
function unquoted(value: string): string {
  const text = value.trim();
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text;
}
