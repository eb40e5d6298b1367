// How to get Rust, in the words that every script uses.

export const RUST_MISSING =
  'install it with rustup (https://rustup.rs); on Debian 13 with `apt-get install cargo`, on Debian 12 with ' +
  '`apt-get install cargo-web`';
