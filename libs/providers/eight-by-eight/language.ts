/** 8x8 Chat Gateway documentation: the languages that agents are chosen by. Anything else is sent as English. */
const CODES = 'en ru de ja es fr pt it pl hr nl ar da ko no sv vi cy th zh-CN zh-TW'.split(' ');
const BY_LOWER_CASE = new Map(CODES.map((code) => [code.toLowerCase(), code]));

/** Codes that mean a language of the list under another name. */
const SYNONYMS: Record<string, string> = { nb: 'no', nn: 'no' };
const TRADITIONAL_CHINESE = /^zh-(hant|hk|mo|tw)\b/;

/** The vendor's code for a BCP 47 language tag: its own, that of its primary language, or `en`. */
export function languageCode(tag: string): string {
  const wanted = tag.trim().toLowerCase().replaceAll('_', '-');
  const primary = wanted.split('-')[0]!;
  if (primary === 'zh') return TRADITIONAL_CHINESE.test(wanted) ? 'zh-TW' : 'zh-CN';
  return BY_LOWER_CASE.get(wanted) ?? BY_LOWER_CASE.get(SYNONYMS[primary] ?? primary) ?? 'en';
}
