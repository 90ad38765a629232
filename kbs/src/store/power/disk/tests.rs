use std::collections::BTreeSet;

use super::*;

#[test]
fn what_was_synced_survives_and_of_the_rest_any_sector() {
    let mut seen = BTreeSet::new();
    for seed in 0..400 {
        let disk = Disk::new(Sync::Honest);
        disk.set_len(1024).unwrap();
        disk.write(0, &[1; 1024]).unwrap();
        disk.sync_data().unwrap();
        disk.fail_after(Fuse::Operations(1));
        disk.write(0, &[2; 1024]).unwrap();
        assert!(disk.write(512, &[3; 512]).is_err());
        assert_eq!(disk.cut(), Some(Cut::Write));
        assert!(disk.read(0, &mut [0]).is_err());
        disk.power_on(&mut Dice::new(seed));
        let mut found = [0; 1024];
        disk.read(0, &mut found).unwrap();
        seen.insert((found[0], found[1023]));
        // Nothing but what stood there at some time.
        assert!(found[..512].iter().all(|byte| [1, 2].contains(byte)), "{seed}");
        assert!(found[512..].iter().all(|byte| [1, 2, 3].contains(byte)), "{seed}");
    }
    let all = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)];
    assert_eq!(seen, all.into_iter().collect());
}

#[test]
fn a_length_survives_with_zeros_or_not_at_all() {
    let mut lengths = BTreeSet::new();
    for seed in 0..50 {
        let disk = Disk::new(Sync::Honest);
        disk.write(0, &[1; 1536]).unwrap();
        disk.sync_data().unwrap();
        disk.set_len(512).unwrap();
        disk.set_len(1024).unwrap();
        disk.power_on(&mut Dice::new(seed));
        let length = usize::try_from(disk.len().unwrap()).unwrap();
        let mut found = vec![9; length];
        disk.read(0, &mut found).unwrap();
        let expected = match length {
            1536 => vec![1; 1536],
            512 => vec![1; 512],
            _ => [[1; 512], [0; 512]].concat(),
        };
        assert_eq!(found, expected, "{seed}");
        lengths.insert(length);
    }
    assert_eq!(lengths, [512, 1024, 1536].into_iter().collect());
}

#[test]
fn what_a_failed_sync_did_not_write_is_read_until_it_is_forgotten() {
    let mut seen = BTreeSet::new();
    for seed in 0..50 {
        let disk = Disk::new(Sync::Honest);
        disk.write(0, &[1; 512]).unwrap();
        disk.sync_data().unwrap();
        disk.refuse_after(0, Dice::new(seed));
        disk.write(0, &[2; 512]).unwrap();
        assert!(disk.sync_data().is_err());
        // The next one has nothing to write any more.
        disk.sync_data().unwrap();
        let first = || {
            let mut found = [0];
            disk.read(511, &mut found).map(|()| found[0]).unwrap()
        };
        assert_eq!(first(), 2);
        disk.drop_clean();
        seen.insert(first());
    }
    assert_eq!(seen, [1, 2].into_iter().collect());
}
