/** The template language where it has to be Python's: printing, methods, filters, loops, limits. */
import assert from "node:assert/strict";
import { plain } from "../../../inference/chat/template/marks.ts";
import { compileTemplate, strftime } from "../../../inference/chat/template/template.ts";

const data = {
  text: "  Hello <World>  ",
  name: "ann lee",
  list: ["b", "a", "B"],
  dict: { b: 1, a: "x", items: 2 },
  nested: [{ role: "user", n: 2 }, { role: "tool", n: 1 }],
  nothing: null,
  quote: 'say "hi"\n\tnaïve 😀',
};

/** [template, what Python's Jinja prints] */
const cases: [string, string][] = [
  [
    "{{ true }} {{ none }} {{ missing }} {{ 1.0 }} {{ [1, 'a', none] }} {{ {'k': true} }}",
    "True None  1.0 [1, 'a', None] {'k': True}",
  ],
  ["{{ quote }}|{{ [quote] }}", `say "hi"\n\tnaïve 😀|['say "hi"\\n\\tnaïve 😀']`],
  [
    "{{ text.strip() }}|{{ text | trim }}|{{ text.lstrip() }}|",
    "Hello <World>|Hello <World>|Hello <World>  |",
  ],
  ["{{ '\\n\\n a \\n'.strip('\\n') }}|{{ 'xxaxx'.rstrip('x') }}|{{ '<a>'.lstrip('<') }}", " a |xxa|a>"],
  [
    "{{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1)[-1] }} {{ 'a b  c'.split() }} {{ 'a-b-c'.rsplit('-', 1)[0] }}",
    "['a', 'b', 'c'] b,c ['a', 'b', 'c'] a-b",
  ],
  ["{{ text.split('<')[1].split('>')[0] }}", "World"],
  [
    "{{ text.startswith('  H') }} {{ text.endswith(('x', '  ')) }} {{ '<W' in text }} {{ text.find('W') }}",
    "True True True 9",
  ],
  [
    "{{ name | upper }} {{ name.title() }} {{ name | capitalize }} {{ name.replace('n', 'm', 1) }}",
    "ANN LEE Ann Lee Ann lee amn lee",
  ],
  ["{{ '%s' }}{{ '{} of {x}'.format('a', x=2) }}", "%sa of 2"],
  [
    "{{ list | sort | join('') }} {{ list | join(', ') }} {{ list | first }}{{ list[-1] }} {{ list | length }}",
    "abB b, a, B bB 3",
  ],
  [
    "{{ dict.items() | list | length }} {{ dict['items'] }} {{ dict.get('z', 'd') }} {{ 'a' in dict }}",
    "3 2 d True",
  ],
  ["{% for k, v in dict | dictsort %}{{ k }}={{ v }};{% endfor %}", "a=x;b=1;items=2;"],
  ["{% for k in dict %}{{ k }}{% if not loop.last %},{% endif %}{% endfor %}", "b,a,items"],
  [
    "{{ nested | selectattr('role', 'equalto', 'user') | map(attribute='n') | list }} {{ nested | map(attribute='role') | join }}",
    "[2] usertool",
  ],
  [
    "{{ nested | tojson }} {{ dict | tojson(indent=2) }}",
    '[{"role": "user", "n": 2}, {"role": "tool", "n": 1}] {\n  "b": 1,\n  "a": "x",\n  "items": 2\n}',
  ],
  [
    "{{ quote | tojson }} {{ quote | tojson(ensure_ascii=True) }}",
    '"say \\"hi\\"\\n\\tnaïve 😀" "say \\"hi\\"\\n\\tna\\u00efve \\ud83d\\ude00"',
  ],
  [
    "{{ missing | default('d') }} {{ '' | default('e', true) }} {{ nothing is none }} {{ missing is defined }}",
    "d e True False",
  ],
  [
    "{{ dict is mapping }} {{ dict is iterable }} {{ text is string }} {{ list is sequence }} {{ 1 is number }}",
    "True True True True True",
  ],
  [
    "{% set ns = namespace(n=0) %}{% for x in range(4) %}{% if x == 2 %}{% continue %}{% endif %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}",
    "4",
  ],
  ["{% macro m(a, b='y') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}{{ m('x', b='z') }}", "xyxz"],
  [
    "{{ 7 // 2 }} {{ -7 % 3 }} {{ 'ab' * 2 }} {{ 'a' ~ 1 ~ none }} {{ '12' | int + 1 }}",
    "3 2 abab a1None 13",
  ],
  [
    "{{ {1: 'a', 512: 'b'}[512] }}{% for k, v in {2: 'x', 1: 'y'} | dictsort %}{{ k + 1 }}{{ v }}{% endfor %}",
    "b2y3x",
  ],
  ["{{ 'a\\nb' | indent(2) }}|{{ 'a\\nb' | indent(2, first=true) }}", "a\n  b|  a\n  b"],
  [
    "{{ list | reject('equalto', 'b') | list }} {{ list | map('upper') | unique | list }}",
    "['a', 'B'] ['B', 'A']",
  ],
];

for (const [template, expected] of cases) {
  Deno.test(`template ${template}`, () => assert.equal(plain(compileTemplate(template).run(data)), expected));
}

Deno.test("dates are written as Python writes them", () => {
  const date = new Date(2025, 2, 4, 15, 6, 7);
  assert.equal(
    strftime("%d %b %Y|%B %-d, %y|%A %a|%H:%M:%S|%I %p|%j|%F %T|%%|%Q", date),
    [
      "04 Mar 2025",
      "March 4, 25",
      "Tuesday Tue",
      "15:06:07",
      "03 PM",
      "063",
      "2025-03-04 15:06:07",
      "%",
      "%Q",
    ].join("|"),
  );
});

Deno.test("what a template does wrong is told in its own terms", () => {
  for (const template of ["{{ x | nonsense }}", "{{ x is nonsense }}", "{{ 'a' + 1 + none }}", "{{ f() }}"]) {
    assert.throws(() => compileTemplate(template).run({ x: "a" }), { code: "invalid_input" });
  }
});
