//! Writes one minted ID block with its authentication information to standard output: a seed for the fuzz targets.

use std::io::{self, Write as _};

use sim::amd::{Chip, IdBlockFields, OwnerKeys, Product, SigningChoice};
use sim::{P384Key, SeededRng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut SeededRng::new("a seed for fuzzing");
    let report = Chip::new(Product::Genoa, rng).report(5, SigningChoice::Vcek, [0; 64]);
    let owner = OwnerKeys { id: P384Key::generate(rng), author: Some(P384Key::generate(rng)) };
    io::stdout().write_all(&owner.sign(&IdBlockFields::of(&report))?)?;
    Ok(())
}
