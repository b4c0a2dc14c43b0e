// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Tests of the KMS abstractions.

use super::{
    connector::detect_again,
    testing::{
        create,
        is_unplugged,
        Client,
        Fake,
        Plan,
        Record,
        Unregistered,
        STATES,
        TABLE, //
    },
};
use crate::{
    drm,
    faux,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::Relaxed,
        Arc,
        Completion, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    workqueue, //
};

/// A registered device. The parent is dropped, and the device thus unplugged, when this is.
struct Registered {
    device: ARef<drm::Device<Fake>>,
    _parent: faux::Registration,
}

fn register(plan: Plan) -> Result<(Arc<Record>, Registered)> {
    let (record, device) = create(plan)?;
    let Unregistered { device, parent } = device?;
    let reference: ARef<drm::Device<Fake>> = (&*device).into();

    super::register(parent.as_ref().as_ref(), device, Ok(()))?;
    Ok((
        record,
        Registered {
            device: reference,
            _parent: parent,
        },
    ))
}

/// Waits until `condition` holds. False if that takes longer than some seconds.
fn eventually(condition: impl Fn() -> bool) -> bool {
    (0..5_000).any(|_| {
        if !condition() {
            fsleep(Delta::from_millis(1));
        }
        condition()
    })
}

/// How many mode objects a device has.
const OBJECTS: i32 = 6;

/// How many of them have a state: all but the encoders.
const WITH_STATE: i32 = OBJECTS - 2;

#[kunit_tests(rust_drm_kms)]
mod cases {
    use super::*;

    #[test]
    fn setup_and_drop() -> Result {
        let states = STATES.load(Relaxed);
        let (record, device) = create(Plan::Good)?;

        assert!(device.is_ok());
        assert_eq!(record.live.load(Relaxed), OBJECTS);
        assert_eq!(STATES.load(Relaxed), states + WITH_STATE);

        drop(device);
        assert_eq!(record.live.load(Relaxed), 0);
        assert_eq!(STATES.load(Relaxed), states);
        Ok(())
    }

    #[test]
    fn setup_that_fails_leaves_nothing() -> Result {
        let states = STATES.load(Relaxed);

        for count in 0..OBJECTS {
            let (record, device) = create(Plan::FailAfter(count))?;
            assert_eq!(device.err(), Some(ENOSPC));
            assert_eq!(record.live.load(Relaxed), 0);
        }
        assert_eq!(STATES.load(Relaxed), states);
        Ok(())
    }

    // Where the file `failslab/ignore-gfp-wait` of debugfs does not say `N`, few allocations fail.
    #[test]
    fn setup_without_memory_leaves_nothing() -> Result {
        let states = STATES.load(Relaxed);
        let mut refused = 0;

        for nth in 1.. {
            let (record, device) = create(Plan::Starve(nth))?;
            let starved = record.starved.load(Relaxed);

            match device {
                Ok(device) => drop(device),
                Err(error) => {
                    assert!(starved);
                    assert_eq!(error, ENOMEM);
                    refused += 1;
                }
            }
            assert_eq!(record.live.load(Relaxed), 0);
            assert_eq!(STATES.load(Relaxed), states);
            if !starved {
                pr_info!("of {} allocations, setup needs {refused}\n", nth - 1);
                break;
            }
        }
        Ok(())
    }

    #[test]
    fn setup_refuses_what_cannot_work() -> Result {
        let states = STATES.load(Relaxed);

        for plan in [
            Plan::WrongKind,
            Plan::SharedPlane,
            Plan::LonelyPlane,
            Plan::WrongCrtc,
            Plan::MixedVblank,
            Plan::Careless,
        ] {
            let (record, device) = create(plan)?;
            assert_eq!(device.err(), Some(EINVAL));
            assert_eq!(record.live.load(Relaxed), 0);
        }
        assert_eq!(STATES.load(Relaxed), states);
        Ok(())
    }

    #[test]
    fn commit_goes_through_all_callbacks() -> Result {
        let (record, registered) = register(Plan::Good)?;
        let client = Client::new(&registered.device)?;
        let (updates, generation) = (
            record.updates.load(Relaxed),
            record.generation.load(Relaxed),
        );

        client.draw(0x5a)?;
        client.show()?;
        assert!(record.checks.load(Relaxed) > 0);
        assert_eq!(record.updates.load(Relaxed), updates + 1);
        assert!(record.generation.load(Relaxed) > generation);
        assert_eq!(record.enables.load(Relaxed), 1);
        assert_eq!(record.routes.load(Relaxed), 1);
        assert_eq!(record.pixel.load(Relaxed), 0x5a);
        assert!(record.columns.load(Relaxed));
        assert_eq!(record.damage.load(Relaxed), 640 * 480);

        client.draw(0xa5)?;
        client.show()?;
        assert_eq!(record.pixel.load(Relaxed), 0xa5);
        assert_eq!(record.enables.load(Relaxed), 1);
        assert_eq!(record.disables.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn events_come_from_any_source() -> Result {
        for plan in [Plan::Good, Plan::Interrupt, Plan::NoVblank] {
            let (record, registered) = register(plan)?;
            let client = Client::new(&registered.device)?;

            // Each of these waits for the event of the one before.
            client.show()?;
            client.show()?;
            client.show()?;
            assert!(record.events.load(Relaxed) >= 3);
            let interrupted = record.interrupts.load(Relaxed) != 0;
            let expected = plan == Plan::Interrupt;
            assert_eq!(interrupted, expected);
        }
        Ok(())
    }

    #[test]
    fn displays_tell_their_modes() -> Result {
        for (plan, modes) in [(Plan::Edid, 2), (Plan::Good, 1), (Plan::OwnModes, 3)] {
            let (record, registered) = register(plan)?;
            Client::new(&registered.device)?.show()?;
            assert_eq!(record.enables.load(Relaxed), 1);
            assert_eq!(record.modes.load(Relaxed), modes);
        }
        Ok(())
    }

    #[test]
    fn modes_can_be_refused() -> Result {
        let (record, registered) = register(Plan::OwnModes)?;
        Client::new(&registered.device)?.show()?;
        assert!(record.known_mode.load(Relaxed));
        Ok(())
    }

    #[test]
    fn displays_come_and_go() -> Result {
        let (record, registered) = register(Plan::Hotplug)?;
        let device = &registered.device;
        Client::new(device)?.show()?;
        assert!(!detect_again(device));

        record.display.store(false, Relaxed);
        assert!(detect_again(device));
        assert!(!detect_again(device));

        record.display.store(true, Relaxed);
        assert!(detect_again(device));
        Client::new(device)?.show()
    }

    #[test]
    fn properties_are_in_the_state() -> Result {
        let (record, registered) = register(Plan::Good)?;
        let client = Client::new(&registered.device)?;
        client.show()?;

        for (name, value) in [
            (c"DITHER", 1),
            (c"LEVEL", 9),
            (c"OFFSET", -3i64 as u64),
            (c"FILTER", 2),
            (c"PARTS", 1 << 5),
        ] {
            assert_eq!(client.set(name, value), Ok(value));
        }
        assert_eq!(record.offset.load(Relaxed), -3);
        assert_eq!(client.set(c"NONE", 0), Err(ENOENT));
        Ok(())
    }

    #[test]
    fn properties_have_blobs() -> Result {
        let (record, registered) = register(Plan::Good)?;
        let client = Client::new(&registered.device)?;
        client.show()?;
        assert_eq!(record.table.load(Relaxed), -1);

        let good = client.blob(&[7; TABLE])?;
        let short = client.blob(&[7; TABLE - 1])?;
        assert_eq!(client.set(c"TABLE", good), Ok(good));
        assert_eq!(record.table.load(Relaxed), 7);

        // States of later commits have the blob as well.
        record.table.store(0, Relaxed);
        assert_eq!(client.set(c"LEVEL", 2), Ok(2));
        assert_eq!(record.table.load(Relaxed), 7);

        assert_eq!(client.set(c"TABLE", short), Err(EINVAL));
        assert_eq!(client.set(c"TABLE", u64::from(u32::MAX)), Err(EINVAL));
        assert_eq!(client.set(c"TABLE", 0), Ok(0));
        Ok(())
    }

    #[test]
    fn commit_that_is_refused_changes_nothing() -> Result {
        let states = STATES.load(Relaxed);
        let (record, registered) = register(Plan::Good)?;
        let client = Client::new(&registered.device)?;

        client.show()?;
        let updates = record.updates.load(Relaxed);
        let alive = STATES.load(Relaxed);

        record.refuse.store(true, Relaxed);
        assert_eq!(client.show(), Err(ENOSPC));
        assert_eq!(record.updates.load(Relaxed), updates);
        assert_eq!(STATES.load(Relaxed), alive);

        record.refuse.store(false, Relaxed);
        client.show()?;
        assert_eq!(record.updates.load(Relaxed), updates + 1);

        drop((client, registered));
        assert_eq!(STATES.load(Relaxed), states);
        Ok(())
    }

    #[test]
    fn unplug_during_a_commit() -> Result {
        let (record, registered) = register(Plan::Good)?;
        let device = registered.device.clone();
        let client = Client::new(&device)?;
        client.show()?;
        let updates = record.updates.load(Relaxed);

        record.hold.store(true, Relaxed);
        client.begin_to_set(c"LEVEL", 5)?;
        record.held.wait_for_completion();

        let unplugged = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
        let done = unplugged.clone();
        workqueue::system_long().try_spawn(GFP_KERNEL, move || {
            drop(registered);
            done.complete_all();
        })?;
        assert!(eventually(|| is_unplugged(&device)));
        // The commit had begun when there still was a device, and is taken to its end.
        record.release.complete_all();
        unplugged.wait_for_completion();
        assert!(record.updates.load(Relaxed) > updates);
        assert_eq!(record.disables.load(Relaxed), 1);

        // The work item of the commit may have the last reference to the device.
        drop((client, device));
        assert!(eventually(|| record.live.load(Relaxed) == 0));
        Ok(())
    }

    #[test]
    fn unplug_with_a_client() -> Result {
        let (record, registered) = register(Plan::Good)?;
        let client = Client::new(&registered.device)?;

        client.show()?;
        assert_eq!(record.disables.load(Relaxed), 0);

        drop(registered);
        assert_eq!(record.disables.load(Relaxed), 1);
        assert_eq!(record.live.load(Relaxed), OBJECTS);

        drop(client);
        assert_eq!(record.live.load(Relaxed), 0);
        Ok(())
    }
}
