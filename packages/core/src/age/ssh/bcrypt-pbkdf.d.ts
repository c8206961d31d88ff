declare module 'bcrypt-pbkdf' {
  const bcrypt: {
    /** Fills `key` with what OpenSSH's bcrypt_pbkdf derives; -1 where an argument has an impossible length. */
    pbkdf(
      password: Uint8Array,
      passwordLength: number,
      salt: Uint8Array,
      saltLength: number,
      key: Uint8Array,
      keyLength: number,
      rounds: number,
    ): number
  }
  export = bcrypt
}
