;; CRC64-ECMA of bytes in an imported memory. `npm run wasm` compiles this file to crc64-module.ts.
;;
;; The memory begins with 16 tables of 256 entries of 8 bytes: table 0 advances a byte's contribution by one byte, table k
;; by k further zero bytes. A byte is shifted to a multiple of 8 (mask 0x7f8), which is its entry's offset in a table.
(module
  (import "e" "m" (memory 1))

  (func (export "update") (param $state i64) (param $address i32) (param $length i32) (result i64)
    (local $next i64) (local $word i32)
    (block $less_than_16
      (loop $next_16
        (br_if $less_than_16 (i32.lt_u (local.get $length) (i32.const 16)))
        (local.set $state (i64.xor (i64.load (local.get $address)) (local.get $state)))
        (local.set $next (i64.load offset=8 (local.get $address)))
        (local.set $word (i32.wrap_i64 (local.get $next)))
        (i64.load offset=14336 (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8)))
        (i64.load offset=12288 (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=10240 (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=8192  (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (i64.shr_u (local.get $next) (i64.const 32))))
        (i64.load offset=6144  (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=4096  (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=2048  (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=0     (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (local.get $state)))
        (i64.load offset=30720 (i32.and (i32.shl   (local.get $word) (i32.const 3))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=28672 (i32.and (i32.shr_u (local.get $word) (i32.const 5))  (i32.const 0x7f8))) i64.xor
        (i64.load offset=26624 (i32.and (i32.shr_u (local.get $word) (i32.const 13)) (i32.const 0x7f8))) i64.xor
        (i64.load offset=24576 (i32.and (i32.shr_u (local.get $word) (i32.const 21)) (i32.const 0x7f8))) i64.xor
        (local.set $word (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 32))))
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
    (local.get $state)))
