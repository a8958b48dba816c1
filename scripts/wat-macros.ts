/** Macros for WebAssembly text: `(@bit ADDRESS (ZERO…) (ONE…))` and `(@normalize)`, which lzma.wat uses in many places. */

const NORMALIZE = `(if (i32.lt_u (local.get $range) (i32.const 0x1000000))
  (then
    (local.set $range (i32.shl (local.get $range) (i32.const 8)))
    (local.set $code (i32.or (i32.shl (local.get $code) (i32.const 8)) (i32.load8_u (local.get $in))))
    (local.set $in (i32.add (local.get $in) (i32.const 1)))))`;

const bit = (address: string, zero: string, one: string): string => `${NORMALIZE}
(local.set $address ${address})
(local.set $probability (i32.load16_u (local.get $address)))
(local.set $bound (i32.mul (i32.shr_u (local.get $range) (i32.const 11)) (local.get $probability)))
(if (i32.lt_u (local.get $code) (local.get $bound))
  (then
    (local.set $range (local.get $bound))
    (i32.store16 (local.get $address) (i32.add (local.get $probability)
      (i32.shr_u (i32.sub (i32.const 2048) (local.get $probability)) (i32.const 5))))
    ${zero})
  (else
    (local.set $range (i32.sub (local.get $range) (local.get $bound)))
    (local.set $code (i32.sub (local.get $code) (local.get $bound)))
    (i32.store16 (local.get $address) (i32.sub (local.get $probability) (i32.shr_u (local.get $probability) (i32.const 5))))
    ${one}))`;

/** Removes the comments and expands the macros. */
export function expandMacros(wat: string): string {
  let text = wat.replace(/;;.*/g, '').replaceAll('(@normalize)', NORMALIZE);
  // From the end, so that a macro's arguments are expanded before the macro itself.
  for (let at = text.lastIndexOf('(@bit'); at >= 0; at = text.lastIndexOf('(@bit')) {
    const [address, zero, one] = expressions(text, at + '(@bit'.length);
    if (address === undefined || zero === undefined || one === undefined) throw new Error('@bit takes three arguments');
    text = `${text.slice(0, at)}${bit(address.text, inside(zero.text), inside(one.text))}${text.slice(one.end).replace(/^\s*\)/, '')}`;
  }
  return text;
}

interface Expression {
  readonly text: string;
  readonly end: number;
}

/** The next three expressions in parentheses. */
function expressions(text: string, start: number): Expression[] {
  const found: Expression[] = [];
  let [depth, from] = [0, start];
  for (let at = start; at < text.length && found.length < 3; at += 1) {
    if (text[at] === '(' && depth++ === 0) from = at;
    if (text[at] === ')' && --depth === 0) found.push({ text: text.slice(from, at + 1), end: at + 1 });
  }
  return found;
}

function inside(expression: string): string {
  return expression.slice(1, -1);
}
