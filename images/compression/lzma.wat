;; The LZMA decoder's inner loop (LZMA specification of the LZMA SDK). `npm run wasm` compiles this file to lzma-module.ts.
;;
;; The memory begins with the probabilities, 2 bytes each; lzma.ts has the same layout and owns the rest of the memory.
;; Two macros of scripts/wat-macros.ts are used: (@normalize) reads a byte when the range is small, and
;; (@bit ADDRESS ZERO ONE) decodes one bit with the probability at ADDRESS and continues with ZERO or with ONE.
(module
  (import "m" "m" (memory 1))
  (global $range (export "range") (mut i32) (i32.const 0))
  (global $code (export "code") (mut i32) (i32.const 0))
  (global $in (export "in") (mut i32) (i32.const 0))
  (global $out (export "out") (mut i32) (i32.const 0))
  (global $state (export "state") (mut i32) (i32.const 0))
  (global $rep0 (export "rep0") (mut i32) (i32.const 0))
  (global $rep1 (export "rep1") (mut i32) (i32.const 0))
  (global $rep2 (export "rep2") (mut i32) (i32.const 0))
  (global $rep3 (export "rep3") (mut i32) (i32.const 0))
  ;; Bytes written since the last reset of the dictionary, modulo 2^32.
  (global $total (export "total") (mut i32) (i32.const 0))
  (global $literalContext (export "literalContext") (mut i32) (i32.const 0))
  (global $literalPositionMask (export "literalPositionMask") (mut i32) (i32.const 0))
  (global $positionMask (export "positionMask") (mut i32) (i32.const 0))

  ;; Decodes from $in to $out until $out reaches $limit. A match may write up to $most and refer back to $floor.
  ;; 0: the limit was reached. 1: the end marker. 2: no symbol starts after $inEnd. 3: a match outside the dictionary. 4: more content than $most.
  (func (export "decode") (param $inEnd i32) (param $limit i32) (param $most i32) (param $floor i32) (result i32)
    (local $range i32) (local $code i32) (local $in i32) (local $out i32) (local $state i32)
    (local $rep0 i32) (local $rep1 i32) (local $rep2 i32) (local $rep3 i32) (local $total i32)
    (local $literalContext i32) (local $literalPositionMask i32) (local $positionMask i32)
    (local $status i32) (local $positionState i32) (local $address i32) (local $probability i32) (local $bound i32)
    (local $node i32) (local $base i32) (local $bits i32) (local $length i32) (local $matched i32) (local $isNew i32)
    (local $slot i32) (local $value i32) (local $from i32) (local $end i32)
    (local.set $range (global.get $range))
    (local.set $code (global.get $code))
    (local.set $in (global.get $in))
    (local.set $out (global.get $out))
    (local.set $state (global.get $state))
    (local.set $rep0 (global.get $rep0))
    (local.set $rep1 (global.get $rep1))
    (local.set $rep2 (global.get $rep2))
    (local.set $rep3 (global.get $rep3))
    (local.set $total (global.get $total))
    (local.set $literalContext (global.get $literalContext))
    (local.set $literalPositionMask (global.get $literalPositionMask))
    (local.set $positionMask (global.get $positionMask))

    (block $stop
      (loop $next
        (br_if $stop (i32.ge_u (local.get $out) (local.get $limit)))
        (if (i32.gt_u (local.get $in) (local.get $inEnd)) (then (local.set $status (i32.const 2)) (br $stop)))
        (local.set $positionState (i32.and (local.get $total) (local.get $positionMask)))
        (@bit (i32.shl (i32.add (i32.shl (local.get $state) (i32.const 4)) (local.get $positionState)) (i32.const 1))
          (
            ;; A literal. Its probabilities depend on the byte before it and on its position.
            (local.set $base (i32.add (i32.const 3720) (i32.mul (i32.const 0x600) (i32.add
              (i32.shl (i32.and (local.get $total) (local.get $literalPositionMask)) (local.get $literalContext))
              (if (result i32) (i32.gt_u (local.get $out) (local.get $floor))
                (then (i32.shr_u (i32.load8_u (i32.sub (local.get $out) (i32.const 1))) (i32.sub (i32.const 8) (local.get $literalContext))))
                (else (i32.const 0)))))))
            (local.set $node (i32.const 1))
            (if (i32.ge_u (local.get $state) (i32.const 7))
              (then
                ;; After a match: also on the byte that the match would have continued with, up to the first other bit.
                (if (i32.ge_u (local.get $rep0) (i32.sub (local.get $out) (local.get $floor)))
                  (then (local.set $status (i32.const 3)) (br $stop)))
                (local.set $matched (i32.load8_u (i32.sub (i32.sub (local.get $out) (local.get $rep0)) (i32.const 1))))
                (block $differs
                  (loop $matching
                    (local.set $value (i32.and (i32.shr_u (local.get $matched) (i32.const 7)) (i32.const 1)))
                    (local.set $matched (i32.shl (local.get $matched) (i32.const 1)))
                    (@bit (i32.add (local.get $base) (i32.shl (i32.add (i32.shl (i32.add (i32.const 1) (local.get $value)) (i32.const 8)) (local.get $node)) (i32.const 1)))
                      ((local.set $node (i32.shl (local.get $node) (i32.const 1)))
                       (br_if $differs (local.get $value)))
                      ((local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (i32.const 1)))
                       (br_if $differs (i32.eqz (local.get $value)))))
                    (br_if $matching (i32.lt_u (local.get $node) (i32.const 0x100)))))))
            (block $written
              (loop $literal
                (br_if $written (i32.ge_u (local.get $node) (i32.const 0x100)))
                (@bit (i32.add (local.get $base) (i32.shl (local.get $node) (i32.const 1)))
                  ((local.set $node (i32.shl (local.get $node) (i32.const 1))))
                  ((local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (i32.const 1)))))
                (br $literal)))
            (i32.store8 (local.get $out) (local.get $node))
            (local.set $out (i32.add (local.get $out) (i32.const 1)))
            (local.set $total (i32.add (local.get $total) (i32.const 1)))
            (local.set $state
              (if (result i32) (i32.lt_u (local.get $state) (i32.const 4)) (then (i32.const 0))
                (else (i32.sub (local.get $state)
                  (select (i32.const 3) (i32.const 6) (i32.lt_u (local.get $state) (i32.const 10)))))))
            (br $next)
          )
          ())

        (block $copy
          ;; A match: the distance is a new one, or one of the last four.
          (@bit (i32.add (i32.const 384) (i32.shl (local.get $state) (i32.const 1)))
            (
              (local.set $rep3 (local.get $rep2))
              (local.set $rep2 (local.get $rep1))
              (local.set $rep1 (local.get $rep0))
              (local.set $base (i32.const 1664))
              (local.set $isNew (i32.const 1))
              (local.set $state (select (i32.const 7) (i32.const 10) (i32.lt_u (local.get $state) (i32.const 7))))
            )
            (
              (local.set $isNew (i32.const 0))
              (@bit (i32.add (i32.const 408) (i32.shl (local.get $state) (i32.const 1)))
                (
                  (@bit (i32.add (i32.const 480) (i32.shl (i32.add (i32.shl (local.get $state) (i32.const 4)) (local.get $positionState)) (i32.const 1)))
                    (
                      (local.set $state (select (i32.const 9) (i32.const 11) (i32.lt_u (local.get $state) (i32.const 7))))
                      (local.set $length (i32.const 1))
                      (br $copy)
                    )
                    ())
                )
                (
                  (@bit (i32.add (i32.const 432) (i32.shl (local.get $state) (i32.const 1)))
                    ((local.set $value (local.get $rep1)))
                    (
                      (@bit (i32.add (i32.const 456) (i32.shl (local.get $state) (i32.const 1)))
                        ((local.set $value (local.get $rep2)))
                        ((local.set $value (local.get $rep3))
                         (local.set $rep3 (local.get $rep2))))
                      (local.set $rep2 (local.get $rep1))
                    ))
                  (local.set $rep1 (local.get $rep0))
                  (local.set $rep0 (local.get $value))
                ))
              (local.set $base (i32.const 2692))
              (local.set $state (select (i32.const 8) (i32.const 11) (i32.lt_u (local.get $state) (i32.const 7))))
            ))

          ;; The length: short, middle, or long.
          (@bit (local.get $base)
            (
              (local.set $length (i32.const -6))
              (local.set $base (i32.add (i32.add (local.get $base) (i32.const 4)) (i32.shl (local.get $positionState) (i32.const 4))))
              (local.set $bits (i32.const 8))
            )
            (
              (@bit (i32.add (local.get $base) (i32.const 2))
                (
                  (local.set $length (i32.const 2))
                  (local.set $base (i32.add (i32.add (local.get $base) (i32.const 260)) (i32.shl (local.get $positionState) (i32.const 4))))
                  (local.set $bits (i32.const 8))
                )
                (
                  (local.set $length (i32.const -238))
                  (local.set $base (i32.add (local.get $base) (i32.const 516)))
                  (local.set $bits (i32.const 256))
                ))
            ))
          (local.set $node (i32.const 1))
          (loop $lengthBits
            (@bit (i32.add (local.get $base) (i32.shl (local.get $node) (i32.const 1)))
              ((local.set $node (i32.shl (local.get $node) (i32.const 1))))
              ((local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (i32.const 1)))))
            (br_if $lengthBits (i32.lt_u (local.get $node) (local.get $bits))))
          (local.set $length (i32.add (local.get $length) (local.get $node)))
          (br_if $copy (i32.eqz (local.get $isNew)))

          ;; A new distance: its slot, then bits that are equally likely, then the last bits in reverse.
          (local.set $base (i32.add (i32.const 864) (i32.shl
            (select (i32.sub (local.get $length) (i32.const 2)) (i32.const 3) (i32.lt_u (local.get $length) (i32.const 5)))
            (i32.const 7))))
          (local.set $node (i32.const 1))
          (loop $slotBits
            (@bit (i32.add (local.get $base) (i32.shl (local.get $node) (i32.const 1)))
              ((local.set $node (i32.shl (local.get $node) (i32.const 1))))
              ((local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (i32.const 1)))))
            (br_if $slotBits (i32.lt_u (local.get $node) (i32.const 64))))
          (local.set $slot (i32.sub (local.get $node) (i32.const 64)))
          (local.set $rep0 (local.get $slot))
          (br_if $copy (i32.lt_u (local.get $slot) (i32.const 4)))
          (local.set $bits (i32.sub (i32.shr_u (local.get $slot) (i32.const 1)) (i32.const 1)))
          (local.set $rep0 (i32.or (i32.const 2) (i32.and (local.get $slot) (i32.const 1))))
          (if (i32.lt_u (local.get $slot) (i32.const 14))
            (then
              (local.set $rep0 (i32.shl (local.get $rep0) (local.get $bits)))
              (local.set $base (i32.add (i32.const 1376) (i32.shl (i32.sub (local.get $rep0) (local.get $slot)) (i32.const 1)))))
            (else
              (local.set $bits (i32.sub (local.get $bits) (i32.const 4)))
              (loop $direct
                (@normalize)
                (local.set $range (i32.shr_u (local.get $range) (i32.const 1)))
                (local.set $code (i32.sub (local.get $code) (local.get $range)))
                ;; All ones if the bit is zero.
                (local.set $value (i32.shr_s (local.get $code) (i32.const 31)))
                (local.set $code (i32.add (local.get $code) (i32.and (local.get $range) (local.get $value))))
                (local.set $rep0 (i32.add (i32.shl (local.get $rep0) (i32.const 1)) (i32.add (local.get $value) (i32.const 1))))
                (local.set $bits (i32.sub (local.get $bits) (i32.const 1)))
                (br_if $direct (local.get $bits)))
              (local.set $bits (i32.const 4))
              (local.set $rep0 (i32.shl (local.get $rep0) (i32.const 4)))
              (local.set $base (i32.const 1632))))
          (local.set $node (i32.const 1))
          (local.set $value (i32.const 1))
          (loop $reverse
            (@bit (i32.add (local.get $base) (i32.shl (local.get $node) (i32.const 1)))
              ((local.set $node (i32.shl (local.get $node) (i32.const 1))))
              ((local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (i32.const 1)))
               (local.set $rep0 (i32.add (local.get $rep0) (local.get $value)))))
            (local.set $value (i32.shl (local.get $value) (i32.const 1)))
            (local.set $bits (i32.sub (local.get $bits) (i32.const 1)))
            (br_if $reverse (local.get $bits)))
          (if (i32.eq (local.get $rep0) (i32.const -1)) (then (local.set $status (i32.const 1)) (br $stop)))
        )

        (if (i32.ge_u (local.get $rep0) (i32.sub (local.get $out) (local.get $floor)))
          (then (local.set $status (i32.const 3)) (br $stop)))
        (local.set $end (i32.add (local.get $out) (local.get $length)))
        (if (i32.gt_u (local.get $end) (local.get $most)) (then (local.set $status (i32.const 4)) (br $stop)))
        (local.set $total (i32.add (local.get $total) (local.get $length)))
        (local.set $from (i32.sub (i32.sub (local.get $out) (local.get $rep0)) (i32.const 1)))
        (if (i32.ge_u (local.get $rep0) (i32.const 7))
          (then
            ;; 8 bytes at a time. The bytes after $end are written again later; lzma.ts leaves room for them.
            (loop $eight
              (i64.store (local.get $out) (i64.load (local.get $from)))
              (local.set $out (i32.add (local.get $out) (i32.const 8)))
              (local.set $from (i32.add (local.get $from) (i32.const 8)))
              (br_if $eight (i32.lt_u (local.get $out) (local.get $end)))))
          (else
            (loop $one
              (i32.store8 (local.get $out) (i32.load8_u (local.get $from)))
              (local.set $out (i32.add (local.get $out) (i32.const 1)))
              (local.set $from (i32.add (local.get $from) (i32.const 1)))
              (br_if $one (i32.lt_u (local.get $out) (local.get $end))))))
        (local.set $out (local.get $end))
        (br $next)))

    (@normalize)
    (global.set $range (local.get $range))
    (global.set $code (local.get $code))
    (global.set $in (local.get $in))
    (global.set $out (local.get $out))
    (global.set $state (local.get $state))
    (global.set $rep0 (local.get $rep0))
    (global.set $rep1 (local.get $rep1))
    (global.set $rep2 (local.get $rep2))
    (global.set $rep3 (local.get $rep3))
    (global.set $total (local.get $total))
    (local.get $status))
)
