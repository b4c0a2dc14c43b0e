// SPDX-License-Identifier: GPL-2.0-only

//! Draws a moving test picture through the KMS API of a driver, frame by frame with vertical sync,
//! then has the driver write the last frame back, compares it with what was drawn, and saves it.

mod card;
mod picture;
mod screen;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use clap::Parser;

use card::Card;
use picture::{Image, Picture};
use screen::{Screen, CURSOR};

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    /// The driver whose first card is used
    #[arg(long, default_value = "rvkms")]
    driver: String,
    /// How many frames to show
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(2..))]
    frames: u32,
    /// The size of the mode; without it, the mode that the driver prefers
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    mode: Option<(u16, u16)>,
    /// Where to save the last frame as PNG
    output: PathBuf,
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let size = text
        .split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    size.ok_or_else(|| "expected a size such as 1024x768".into())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let card = Card::find(&arguments.driver)?;
    let mut screen = Screen::new(&card, arguments.mode)?;
    let (width, height) = screen.size();
    println!(
        "{}: {width}x{height} at {} Hz, {}",
        arguments.driver,
        screen.rate(),
        screen.connector()
    );

    let picture = Picture::new(width, height);
    let mut cursor = Image::new(CURSOR, CURSOR);
    picture::draw_cursor(&mut cursor);
    screen.set_cursor(&cursor);

    let mut image = Image::new(width, height);
    let mut at = (0, 0);
    for frame in 0..arguments.frames {
        picture.draw(&mut image, frame);
        at = picture.cursor_at(frame);
        screen
            .show(&image, at)
            .with_context(|| format!("frame {frame}"))?;
    }
    println!("{} frames, {}", arguments.frames, screen.pace());

    let written = screen.write_back(at)?;
    save(&written, &arguments.output)?;

    // The driver has put the cursor on the picture; so do we.
    picture::blend(&mut image, &cursor, at);
    let difference = image.largest_difference(&written);
    println!(
        "read back: {}, largest difference of a channel {difference}",
        arguments.output.display()
    );
    ensure!(
        difference <= 1,
        "what the driver wrote is not what was drawn"
    );
    Ok(())
}

fn save(image: &Image, path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), image.width, image.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let rgb: Vec<u8> = image
        .pixels
        .iter()
        .flat_map(|p| [(p >> 16) as u8, (p >> 8) as u8, *p as u8])
        .collect();
    encoder.write_header()?.write_image_data(&rgb)?;
    Ok(())
}
