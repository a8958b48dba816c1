;; CRC-64/XZ of bytes in an imported memory. `npm run wasm` compiles this file to crc64-module.ts.
;;
;; The memory is shared with the threads that read files and check them. It begins with 16 tables of 256 entries of 8 bytes: table 0 advances a byte's contribution by one byte, table k
;; by k further zero bytes. A byte is shifted to a multiple of 8 (mask 0x7f8), which is its entry's offset in a table.
(module
  (import "m" "m" (memory 1 2048 shared))

  ;; Advances the state over `length` bytes at `address`: 16 bytes per round, then single bytes.
  (func $slices (param $address i32) (param $length i32) (param $state i64) (result i64)
    (local $first i64) (local $second i64) (local $word i32)
    (block $less_than_16
      (loop $next_16
        (br_if $less_than_16 (i32.lt_u (local.get $length) (i32.const 16)))
        (local.set $first (i64.xor (i64.load (local.get $address)) (local.get $state)))
        (local.set $second (i64.load offset=8 (local.get $address)))
        (local.set $word (i32.wrap_i64 (local.get $second)))
        (i64.load offset=14336 (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8)))
        (i64.load offset=12288 (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=10240 (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=8192  (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 32))))
        (i64.load offset=6144  (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=4096  (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=2048  (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=0     (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (local.get $first)))
        (i64.load offset=30720 (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=28672 (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=26624 (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=24576 (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 32))))
        (i64.load offset=22528 (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=20480 (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=18432 (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=16384 (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $state)
        (local.set $address (i32.add (local.get $address) (i32.const 16)))
        (local.set $length (i32.sub (local.get $length) (i32.const 16)))
        (br $next_16)))
    (block $done
      (loop $next_byte
        (br_if $done (i32.eqz (local.get $length)))
        (local.set $word (i32.xor (i32.wrap_i64 (local.get $state)) (i32.load8_u (local.get $address))))
        (local.set $state
          (i64.xor
            (i64.load (i32.shl (i32.and (local.get $word) (i32.const 0xff)) (i32.const 3)))
            (i64.shr_u (local.get $state) (i64.const 8))))
        (local.set $address (i32.add (local.get $address) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next_byte)))
    (local.get $state))

  ;; Moves bytes towards the end of the message without changing its checksum. A byte may be removed when it is added
  ;; again at each of the distances d = 1628, 2426, 2756, 2938, 3728, 3856 and 5520 further on, because
  ;; x^0 + the sum of x^(-8d) is a multiple of the generator (found by a search over sums of 7 powers). Therefore
  ;; target[i] = source[i] ^ the window's bytes at i - d; the window begins 5520 bytes before the target, so that the
  ;; offsets below are 5520 - d. 16 bytes need 8 loads and 7 additions; the tables need 18 loads and 16 additions. A step
  ;; is 32 bytes: two vectors in a round are a sixth faster than one.
  (func $fold (param $source i32) (param $window i32) (param $target i32) (param $steps i32)
    (loop $next
      (v128.store offset=0  align=1 (local.get $target)
        (v128.load offset=0  align=1 (local.get $source))
        (v128.load offset=3892 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=3094 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=2764 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=2582 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=1792 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=1664 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=0    align=1 (local.get $window)) (v128.xor))
      (v128.store offset=16 align=1 (local.get $target)
        (v128.load offset=16 align=1 (local.get $source))
        (v128.load offset=3908 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=3110 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=2780 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=2598 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=1808 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=1680 align=1 (local.get $window)) (v128.xor)
        (v128.load offset=16   align=1 (local.get $window)) (v128.xor))
      (local.set $source (i32.add (local.get $source) (i32.const 32)))
      (local.set $window (i32.add (local.get $window) (i32.const 32)))
      (local.set $target (i32.add (local.get $target) (i32.const 32)))
      (br_if $next (local.tee $steps (i32.sub (local.get $steps) (i32.const 1))))))

  ;; Advances the state over `length` bytes at `address`. `area` is working space of 82,128 bytes, for one caller at a time:
  ;; 5520 bytes of history, a block of 65,536 folded bytes after it, zeros behind the last folded byte, and 5536 bytes for
  ;; the end. The end is not folded further: it has at least 5520 bytes, in whole steps. For shorter pieces than 22,080
  ;; bytes, the tables are faster.
  (func (export "update") (param $area i32) (param $address i32) (param $length i32) (param $state i64) (result i64)
    (local $foldable i32) (local $done i32) (local $filled i32) (local $bytes i32)
    (if (i32.lt_u (local.get $length) (i32.const 22080))
      (then (return (call $slices (local.get $address) (local.get $length) (local.get $state)))))
    ;; The state is added to the first 8 bytes. Nothing is folded into the first step: the shortest distance is longer.
    (memory.fill (local.get $area) (i32.const 0) (i32.const 5520))
    (memory.copy (i32.add (local.get $area) (i32.const 5520)) (local.get $address) (i32.const 32))
    (i64.store offset=5520 (local.get $area) (i64.xor (i64.load (local.get $address)) (local.get $state)))
    (local.set $foldable (i32.and (i32.sub (local.get $length) (i32.const 5536)) (i32.const -32)))
    (local.set $done (i32.const 32))
    (local.set $filled (i32.const 32))
    (block $folded
      (loop $next_block
        (br_if $folded (i32.ge_u (local.get $done) (local.get $foldable)))
        (local.set $bytes (i32.sub (i32.const 65536) (local.get $filled)))
        (if (i32.gt_u (local.get $bytes) (i32.sub (local.get $foldable) (local.get $done)))
          (then (local.set $bytes (i32.sub (local.get $foldable) (local.get $done)))))
        (call $fold
          (i32.add (local.get $address) (local.get $done))
          (i32.add (local.get $area) (local.get $filled))
          (i32.add (i32.add (local.get $area) (i32.const 5520)) (local.get $filled))
          (i32.shr_u (local.get $bytes) (i32.const 5)))
        (local.set $done (i32.add (local.get $done) (local.get $bytes)))
        (local.set $filled (i32.add (local.get $filled) (local.get $bytes)))
        (if (i32.eq (local.get $filled) (i32.const 65536))
          (then
            (memory.copy (local.get $area) (i32.add (local.get $area) (i32.const 65536)) (i32.const 5520))
            (local.set $filled (i32.const 0))))
        (br $next_block)))
    ;; Add what was folded into the end. Its bytes are zero in the history.
    (memory.fill (i32.add (i32.add (local.get $area) (i32.const 5520)) (local.get $filled)) (i32.const 0) (i32.const 5536))
    (call $fold
      (i32.add (local.get $address) (local.get $foldable))
      (i32.add (local.get $area) (local.get $filled))
      (i32.add (local.get $area) (i32.const 76592))
      (i32.const 173))
    (call $slices
      (i32.add (i32.add (local.get $address) (local.get $foldable)) (i32.const 5536))
      (i32.sub (i32.sub (local.get $length) (local.get $foldable)) (i32.const 5536))
      (call $slices (i32.add (local.get $area) (i32.const 76592)) (i32.const 5536) (i64.const 0)))))
