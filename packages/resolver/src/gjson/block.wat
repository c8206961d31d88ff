;; Where a JSON object or array ends, 16 bytes at a time: what `blockEnd` of scan.ts finds one character at a time.
;;
;; Bit n of a mask stands for byte n of the 16. Strings are found as in Langdale and Lemire, "Parsing Gigabytes of JSON
;; per Second" (2019), section 3.1. `UPDATE_WASM=1 node --test --conditions=source test/resolver/gjson/block.test.ts`
;; compiles this file to block.wasm.ts.
(module
  ;; The text stands at offset 0, with at least 16 bytes of zero behind it.
  (memory (export "memory") 1)

  ;; The offset after the bracket that closes the one before $at; $end, the text's length, when it is never closed; one
  ;; more when a string in it never ends; -1 when a backslash stands outside of strings, which is no JSON.
  (func (export "blockEnd") (param $at i32) (param $end i32) (result i32)
    (local $bytes v128)
    (local $folded v128)
    (local $quotes i32)
    (local $backslashes i32)
    (local $opening i32)
    (local $closing i32)
    (local $brackets i32)
    (local $escapes i32)
    (local $escaped i32) ;; 1 when the byte at $at is escaped by the last of the 16 bytes before
    (local $strings i32) ;; the bytes inside of strings, opening quotes with them
    (local $inside i32) ;; -1 when $at is inside of a string, else 0
    (local $depth i32)
    (local.set $depth (i32.const 1))

    (loop $next
      (if (i32.ge_s (local.get $at) (local.get $end))
        (then (return (i32.sub (local.get $end) (local.get $inside)))))
      (local.set $bytes (v128.load (local.get $at)))
      (local.set $quotes (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))))
      (local.set $backslashes (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))

      ;; A quote behind an odd number of backslashes is none. Subtracting the backslashes from the odd bits carries
      ;; through each run of them, which leaves every second one, beginning with the first: those that escape.
      (if (i32.or (local.get $backslashes) (local.get $escaped))
        (then
          (local.set $escapes (i32.and (local.get $backslashes) (i32.xor (local.get $escaped) (i32.const -1))))
          (local.set $escapes
            (i32.xor
              (i32.sub
                (i32.or (i32.shl (local.get $escapes) (i32.const 1)) (i32.const 0xaaaaaaaa))
                (local.get $escapes))
              (i32.const 0xaaaaaaaa)))
          (local.set $quotes
            (i32.and (local.get $quotes)
              (i32.xor (i32.const -1)
                (i32.xor (local.get $escapes) (i32.or (local.get $backslashes) (local.get $escaped))))))
          (local.set $escaped
            (i32.and (i32.const 1)
              (i32.shr_u (i32.and (local.get $escapes) (local.get $backslashes)) (i32.const 15))))))

      ;; Each bit becomes the exclusive or of itself and all quotes before: on from a quote to the one that closes it.
      (local.set $strings (i32.xor (local.get $quotes) (i32.shl (local.get $quotes) (i32.const 1))))
      (local.set $strings (i32.xor (local.get $strings) (i32.shl (local.get $strings) (i32.const 2))))
      (local.set $strings (i32.xor (local.get $strings) (i32.shl (local.get $strings) (i32.const 4))))
      (local.set $strings (i32.xor (local.get $strings) (i32.shl (local.get $strings) (i32.const 8))))
      (local.set $strings (i32.xor (local.get $strings) (local.get $inside)))
      (local.set $inside (i32.shr_s (i32.shl (local.get $strings) (i32.const 16)) (i32.const 31)))
      (local.set $strings (i32.xor (local.get $strings) (i32.const -1)))
      (if (i32.and (local.get $backslashes) (local.get $strings)) (then (return (i32.const -1))))

      ;; With bit 0x20 set "[" becomes "{" and "]" becomes "}", and no other byte becomes one of the two.
      (local.set $folded (v128.or (local.get $bytes) (i8x16.splat (i32.const 0x20))))
      (local.set $opening
        (i32.and (local.get $strings)
          (i8x16.bitmask
            (v128.or
              (i8x16.eq (local.get $folded) (i8x16.splat (i32.const 0x7b)))
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x28)))))))
      (local.set $closing
        (i32.and (local.get $strings)
          (i8x16.bitmask
            (v128.or
              (i8x16.eq (local.get $folded) (i8x16.splat (i32.const 0x7d)))
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x29)))))))

      ;; Only where as many brackets close as are open must they be looked at one by one.
      (if (i32.ge_u (i32.popcnt (local.get $closing)) (local.get $depth))
        (then
          (local.set $brackets (i32.or (local.get $opening) (local.get $closing)))
          (loop $bracket
            (if (local.get $brackets)
              (then
                ;; Up to and with the first bracket that is left.
                (local.set $escapes (i32.xor (local.get $brackets) (i32.sub (local.get $brackets) (i32.const 1))))
                (if (i32.and (local.get $closing) (i32.and (local.get $escapes) (local.get $brackets)))
                  (then
                    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
                    (if (i32.eqz (local.get $depth))
                      (then
                        (return (i32.add (i32.add (local.get $at) (i32.const 1)) (i32.ctz (local.get $brackets)))))))
                  (else (local.set $depth (i32.add (local.get $depth) (i32.const 1)))))
                (local.set $brackets
                  (i32.and (local.get $brackets) (i32.sub (local.get $brackets) (i32.const 1))))
                (br $bracket)))))
        (else
          (local.set $depth
            (i32.sub
              (i32.add (local.get $depth) (i32.popcnt (local.get $opening)))
              (i32.popcnt (local.get $closing))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $next))
    (unreachable)))
