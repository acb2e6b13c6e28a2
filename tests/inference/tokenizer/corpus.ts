/** Hard texts for tokenizers: what real prompts contain, and what nobody writes but somebody sends. */

const code = [
  `#include <stdio.h>\nint main(void) {\n\tfor (int i = 0; i < 10; ++i)\n\t\tprintf("%d\\n", i); // it's\n\treturn 0;\n}\n`,
  `def f(x: int) -> str:\n    """doc's"""\n    return f"{x!r:>10}"  \n\n\n    \nclass A(B):\n\tpass\r\n\r\n`,
  `const x = {"a": [1, 2.5e-10, 0xFF], 'b': null};\nexport default async () => { await import("./y.ts"); };`,
  `SELECT * FROM t WHERE a<>'b''c' AND d>=100000 -- ok\n`,
  `<div class="a-b_c" onclick='go("x")'>&nbsp;</div><!-- </s> -->`,
  `{\n  "tool_calls": [{"name": "get_weather", "arguments": {"city": "S\\u00e3o Paulo"}}]\n}`,
  `\\begin{align}\\frac{\\partial f}{\\partial x} &= \\sum_{i=1}^{n} x_i^2\\end{align}`,
  `a/b//c/\\\\d !!== &&|| ->=> ::<>() [[]] {{}} ### *** --- ___ ~~~ \`\`\`ts\n\`\`\``,
];

const prose = [
  "I'm sure we'll see that they've said it's what I'd do, you're right; don't. I'M SURE WE'LL SEE THEY'VE, IT'S.",
  "It’s ‘quoted’ — “so” … and 'tis the O'Neill's 'lls'd 're've. x'Sx'Tx'REx'VEx'Mx'LLx'D '' ' s 't",
  "HTTPServer parseXMLDoc camelCaseWord SCREAMING_SNAKE snake_case McDonald iPhone15Pro éÉCLAIR ÀÉÎõü ßẞ",
  "Price: $1,234.56 (1234567890 items), 3.14159e-26, 0b1010, 2024-01-31T23:59:59Z, 12 345 678, ١٢٣٤٥٦ ⅷ ½ ² 一二三",
  "Grüße aus Köln, ça va? ¿Dónde está? Žluťoučký kůň. Łódź İstanbul ıI ﬁﬂ ŒÆ Ǆǅǆ",
  "Привет, как дела? Ελληνικά ΣΊΣΥΦΟΣ ς. Ⴀⴀ Ა ა Հայերեն",
  "שָׁלוֹם עולם 123 مرحبا بالعالم، كيف؟ ۔ ‏RTL‎LTR",
  "नमस्ते दुनिया। বাংলা ভাষা தமிழ் తెలుగు ಕನ್ನಡ ไทยภาษา ພາສາລາວ မြန်မာ ខ្មែរ བོད་",
  "你好，世界！今天天气很好。我有3個蘋果。こんにちは、ｶﾀｶﾅ ひらがな カタカナー。안녕하세요 세계 ㄱㄴㄷ ㄅㄆㄇ 〇々〆",
  "𠀀𠮷野家 豈更 ⼀⼁ 﨎 \u{2f800}\u{30000}\u{31350}\u{2ebf0}",
];

const symbols = [
  "👩‍👩‍👧‍👦👨🏽‍💻🏳️‍🌈🇩🇪🇫🇷 👍🏿✋ ❤️‍🔥 ☎️ 1️⃣ #️⃣ 🧑🏻‍🤝‍🧑🏿 \u{1fae8}\u{1fa77}",
  "e\u0301 a\u0300\u0316\u0301 \u0301x  \u0301\u0301 ñ n\u0303 Z͑ͫ̓a̴l͎g̈o !\u0301!\u20dd A\u0301B\u0301c \u0300ABC \u0300abc",
  "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋ ≠ ∞ → ⇒ ∮E⋅da=Q ℵ₀ x² + y³ ½ € £ ¥ ₿ ° § ¶ † ‡ • ™ ©",
  "\u{1d400}\u{1d41a}\u{1d7d8} \u{10400}\u{10428} \u{104b0}\u{10c80}\u{118a0}\u{1e900} \u{1f130} \u{16a0}ᚠ \u{12000} \u{13000}",
  "\u200b\u200c\u200d\u2060\ufeff\u00ad \u180e \u034f\u061c \ufff9\ufffc\ufffd \ue000\uf8ff \u{f0000}\u{10ffff} \u0378 \u{e0001}\u{e0041}\u{e007f}",
  "\u0000\u0001\u0007\b\u000b\f\u000e\u001b[31m\u001c\u001f\u007f\u0080\u0085\u009f",
  "lone \ud800 surrogates \udfff\ud83d here \ud83d",
];

const spaces = [
  "",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\n\n\n\n\n",
  "\t",
  "\t\t \t",
  "\r\n",
  "\r\n\r\n\r",
  " \n",
  "\n ",
  "a ",
  " a",
  "  a  ",
  "   \n   a\n\n   b   \n\n",
  `${" ".repeat(100)}x${" ".repeat(515)}y${" ".repeat(1030)}`,
  `${"\n".repeat(70)}x${"\t".repeat(40)}y${" \n".repeat(30)}`,
  "a\u00a0b\u00a0\u00a0c\u2003d\u3000e\u3000\u3000f\u2028g\u2029h\u0085i\u1680j\u202fk\u205fl\u2007 m",
  "x \u00a0 y \u3000\n z \n\u2003\n w\u00a0",
  "hello\n\nworld \r\n !\n\n!!\r\n? /\n//\n\n/ .\n.",
  "trailing spaces   \ntrailing tab\t\n  indented\n\tindented\n",
];

const runs = [
  "a".repeat(400),
  "aaaaaaaaaaaa aaaaaaa",
  "ab".repeat(150),
  "A".repeat(130),
  "aA".repeat(60),
  "é".repeat(90),
  "的".repeat(90),
  "0".repeat(101),
  "1234567890".repeat(7),
  "x1y22z333w4444v55555u666666t7777777s88888888r999999999",
  "!".repeat(77),
  "=".repeat(80) + "\n" + "-".repeat(79) + "\n",
  "🙂".repeat(40),
  "\u0301".repeat(33),
  "▁".repeat(5) + " ▁a b▁ ▁▁ _ ",
];

/** Texts of control tokens, as a user may write them. */
const controls = [
  "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
  "<s>[INST] <<SYS>>\nx\n<</SYS>>\n\n y [/INST] z </s><s>",
  " <s> a </s> b <unk> <pad> <mask> [CLS] a [SEP] [MASK] [UNK] [PAD] ",
  "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nx<|eot_id|>",
  "<start_of_turn>user\nx<end_of_turn>\n<bos><eos><unused7>",
  "<|endoftext|> <|endoftext|>\n<|fim_prefix|>a<fim_suffix>b<|file_sep|>",
  "<｜begin▁of▁sentence｜>x<｜end▁of▁sentence｜> <|user|> x <|end|>  <|assistant|>\n",
  "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>hi<|END_OF_TURN_TOKEN|><BOS_TOKEN>",
  "<think>\nx\n</think> <tool_call>{}</tool_call> <|endoftext|><|endoftext|x <|im_end",
  "<0x0A><0xE2> \u0120hello \u010a ##ing Ġ",
];

export const texts: string[] = [...code, ...prose, ...symbols, ...spaces, ...runs, ...controls];

/** Mulberry32: the same numbers in [0, 1) for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ranges that random characters come from; the last is everything. */
const ranges: [first: number, last: number][] = [
  [0x20, 0x7e],
  [0x61, 0x7a],
  [0x41, 0x5a],
  [0x30, 0x39],
  [0x21, 0x2f],
  [0x00, 0x20],
  [0xa0, 0x17f],
  [0x300, 0x370],
  [0x370, 0x5ff],
  [0x600, 0x6ff],
  [0x900, 0xdff],
  [0x2000, 0x206f],
  [0x2070, 0x27bf],
  [0x3000, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xf900, 0xffff],
  [0x1d400, 0x1d7ff],
  [0x1f300, 0x1faff],
  [0, 0x10ffff],
];

const words = [
  "'s",
  "'LL",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\r\n",
  "\t",
  " the",
  "ing",
  "123",
  "...",
  "é",
  "的",
  "<s>",
  "</s>",
];

/** A text of characters of few ranges, mixed with frequent strings. */
export function randomText(random: () => number): string {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)];
  const chosen = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(ranges));
  const length = Math.floor(random() * 40);
  let text = "";
  for (let i = 0; i < length; i++) {
    if (random() < 0.2) text += pick(words);
    const [first, last] = pick(chosen);
    const code = first + Math.floor(random() * (last - first + 1));
    const count = random() < 0.1 ? Math.floor(random() * 6) : 1;
    text += String.fromCodePoint(code).repeat(count);
  }
  return text;
}
