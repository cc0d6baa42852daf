//! What an authenticator app needs to be set up: the seed as text, and as a picture to scan.

use claviger_model::Secret;
use claviger_shape::{Blob, SecretBlob};
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, QrCode};
use zeroize::Zeroizing;

use crate::fault::Fault;

/// Bytes of a seed: 64 Base32 characters without padding.
pub(super) const SEED_BYTES: usize = 40;

/// What stands in an URI as it is (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Pixels that the side of a module takes.
const SCALE: usize = 4;
/// Modules of white around the picture (ISO/IEC 18004, section 9.1).
const QUIET: usize = 4;

/// The seed of a new device in both its forms. They are told once.
pub(super) struct Bootstrap {
    /// The seed in Base32, as ASCII.
    pub(super) base32: SecretBlob,
    /// A QR code of the URI that carries it, as PNG.
    pub(super) picture: SecretBlob,
}

impl Bootstrap {
    /// Of this seed. `issuer` is what the app shows above the codes, `name` the device's, `account` the account's alias or
    /// number.
    pub(super) fn new(seed: &[u8], issuer: &str, name: &str, account: &str) -> Result<Self, Fault> {
        let base32 = Zeroizing::new(BASE32_NOPAD.encode(seed));
        let uri = uri(&base32, issuer, name, account);
        Ok(Self {
            base32: Secret::new(Blob(base32.as_bytes().to_vec())),
            picture: Secret::new(Blob(picture(&uri)?)),
        })
    }
}

/// The URI that authenticator apps read from the picture ("Key Uri Format" of Google Authenticator). Algorithm, digits and
/// period are left out: they are the defaults, and some apps refuse them when they are named.
fn uri(base32: &str, issuer: &str, name: &str, account: &str) -> Zeroizing<String> {
    let issuer = utf8_percent_encode(issuer, RESERVED).to_string();
    let label = utf8_percent_encode(&format!("{name}@{account}"), RESERVED).to_string();
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{label}?secret={base32}&issuer={issuer}"
    ))
}

fn picture(uri: &str) -> Result<Vec<u8>, Fault> {
    let code = QrCode::new(uri.as_bytes()).map_err(|error| Fault::service(error.to_string()))?;
    let modules = code.width();
    let colors = Zeroizing::new(
        code.into_colors()
            .into_iter()
            .map(|color| color == Color::Dark)
            .collect::<Vec<bool>>(),
    );
    let side = (modules + 2 * QUIET) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|&at| at < modules);
        match (module(x), module(y)) {
            (Some(x), Some(y)) => colors.get(y * modules + x).copied().unwrap_or(false),
            _ => false,
        }
    };
    // One bit a pixel, 1 for white, each line filled up to whole bytes (PNG specification, section 7.2).
    let line = side.div_ceil(8);
    let mut pixels = Zeroizing::new(vec![0u8; line * side]);
    for (at, byte) in pixels.iter_mut().enumerate() {
        let (x, y) = (at % line * 8, at / line);
        for bit in 0..8 {
            if !is_dark(x + bit, y) {
                *byte |= 0x80 >> bit;
            }
        }
    }
    let failed = |error: png::EncodingError| Fault::service(error.to_string());
    let width = u32::try_from(side).map_err(Fault::service)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_sixty_four_characters_without_padding() {
        let bootstrap =
            Bootstrap::new(&[7; SEED_BYTES], "Claviger", "phone", "acme").expect("made");
        let text = String::from_utf8(bootstrap.base32.expose().0.clone()).expect("ASCII");
        assert_eq!(text.len(), 64);
        assert!(!text.contains('='));
        assert_eq!(
            BASE32_NOPAD.decode(text.as_bytes()).expect("Base32"),
            [7; SEED_BYTES]
        );
    }

    #[test]
    fn the_uri_names_issuer_device_account_and_secret() {
        assert_eq!(
            uri("ABC", "My Product", "my+phone", "123456789012").as_str(),
            "otpauth://totp/My%20Product:my%2Bphone%40123456789012?secret=ABC&issuer=My%20Product"
        );
    }

    #[test]
    fn the_picture_is_a_readable_square_with_a_white_border() {
        let bootstrap =
            Bootstrap::new(&[9; SEED_BYTES], "Claviger", "phone", "acme").expect("made");
        let file = bootstrap.picture.expose().0.clone();
        assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().expect("a header");
        let (width, height) = (reader.info().width, reader.info().height);
        assert_eq!(width, height);
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect("an image");
        let line = (width as usize).div_ceil(8);
        assert!(
            pixels[..line * QUIET * SCALE]
                .iter()
                .all(|&byte| byte == 0xff)
        );
        // The finder pattern begins with seven dark modules.
        let first = &pixels[line * QUIET * SCALE..][..line];
        assert_eq!(first[QUIET * SCALE / 8], 0x00);
        assert!(pixels.iter().any(|&byte| byte != 0xff && byte != 0x00) || width % 8 == 0);
    }

    #[test]
    fn the_longest_names_fit_into_a_picture() {
        let name = "n".repeat(226);
        let alias = "a".repeat(63);
        assert!(Bootstrap::new(&[1; SEED_BYTES], &"issuer ".repeat(10), &name, &alias).is_ok());
    }
}
