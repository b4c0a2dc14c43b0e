// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Properties that only one driver has.
//!
//! C header: [`include/drm/drm_property.h`](srctree/include/drm/drm_property.h)
//!
//! The properties that several drivers have are created as [`NewPlane`](super::plane::NewPlane) and
//! the like say. A driver lists its own ones in `PROPERTIES` of its planes, CRTCs and connectors.
//! Their values are in the driver's part of the state, and so are checked and programmed together
//! with all the rest. What a property begins with is what the state begins with.
//!
//! User space can only set what a property's kind allows. Whatever else is to be refused, is to be
//! refused in `atomic_check`.
//!
//! A blob is a piece of data that user space has created. It belongs to the state, not to the
//! driver's part of it. See [`PlaneState::blob`](super::plane::PlaneState::blob).
//!
//! Not supported: properties that cannot be changed, those that have other objects as their values,
//! and those of writeback connectors.

use crate::{
    alloc::AllocError,
    bindings,
    prelude::*,
    str::CStrExt, //
};
use core::ptr::NonNull;

/// A property of an object with a driver's state of type `S`.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::property::Property;
///
/// #[derive(Default)]
/// struct State {
///     sharpness: u64,
///     dither: bool,
/// }
///
/// const PROPERTIES: &[Property<State>] = &[
///     Property::range(c"SHARPNESS", 0, 15, |s| s.sharpness, |s, value| s.sharpness = value),
///     Property::boolean(c"DITHER", |s| s.dither, |s, value| s.dither = value),
/// ];
/// assert_eq!(PROPERTIES[0].name(), c"SHARPNESS");
/// ```
pub struct Property<S: 'static> {
    name: &'static CStr,
    kind: Kind<S>,
}

/// A value of an enumeration or a bit of a set, and what user space knows it as.
pub type Named = (u8, &'static CStr);

enum Kind<S> {
    Boolean(fn(&S) -> bool, fn(&mut S, bool)),
    Range(u64, u64, fn(&S) -> u64, fn(&mut S, u64)),
    SignedRange(i64, i64, fn(&S) -> i64, fn(&mut S, i64)),
    Enumeration(&'static [Named], fn(&S) -> u8, fn(&mut S, u8)),
    Set(&'static [Named], fn(&S) -> u64, fn(&mut S, u64)),
    Blob(usize),
}

impl<S: 'static> Property<S> {
    const fn new(name: &'static CStr, kind: Kind<S>) -> Self {
        // CAST: A small constant.
        assert!(name.count_bytes() < bindings::DRM_PROP_NAME_LEN as usize);
        Self { name, kind }
    }

    /// A property that is on or off.
    pub const fn boolean(name: &'static CStr, get: fn(&S) -> bool, set: fn(&mut S, bool)) -> Self {
        Self::new(name, Kind::Boolean(get, set))
    }

    /// A property with values from `min` to `max`.
    pub const fn range(
        name: &'static CStr,
        min: u64,
        max: u64,
        get: fn(&S) -> u64,
        set: fn(&mut S, u64),
    ) -> Self {
        Self::new(name, Kind::Range(min, max, get, set))
    }

    /// A property with values from `min` to `max`, which may be negative.
    pub const fn signed_range(
        name: &'static CStr,
        min: i64,
        max: i64,
        get: fn(&S) -> i64,
        set: fn(&mut S, i64),
    ) -> Self {
        Self::new(name, Kind::SignedRange(min, max, get, set))
    }

    /// A property with one of `values`.
    pub const fn enumeration(
        name: &'static CStr,
        values: &'static [Named],
        get: fn(&S) -> u8,
        set: fn(&mut S, u8),
    ) -> Self {
        Self::new(name, Kind::Enumeration(values, get, set))
    }

    /// A property with any set of `bits`, each of which is below 64. The value has a set bit for
    /// each member of the set.
    pub const fn set(
        name: &'static CStr,
        bits: &'static [Named],
        get: fn(&S) -> u64,
        set: fn(&mut S, u64),
    ) -> Self {
        Self::new(name, Kind::Set(bits, get, set))
    }

    /// A property with a blob of `length` bytes, or none.
    pub const fn blob(name: &'static CStr, length: usize) -> Self {
        Self::new(name, Kind::Blob(length))
    }

    /// What user space knows the property as.
    pub const fn name(&self) -> &'static CStr {
        self.name
    }

    /// Creates the property, which belongs to the device from then on.
    ///
    /// # Safety
    ///
    /// `dev` must be valid, have a mode configuration, and not be registered.
    unsafe fn create(&self, dev: *mut bindings::drm_device) -> Result<*mut bindings::drm_property> {
        let name = self.name.as_char_ptr();
        // CAST: A flag.
        let atomic = bindings::DRM_MODE_PROP_ATOMIC as c_int;

        let (flag, values) = match self.kind {
            Kind::Enumeration(values, ..) => (bindings::DRM_MODE_PROP_ENUM, values),
            Kind::Set(bits, ..) => (bindings::DRM_MODE_PROP_BITMASK, bits),
            Kind::Blob(_) => (bindings::DRM_MODE_PROP_BLOB, [].as_slice()),
            _ => (0, [].as_slice()),
        };

        // SAFETY: By the safety requirements; `name` is a string that lives as long as the driver's
        // code, and is copied.
        let property = unsafe {
            match self.kind {
                Kind::Boolean(..) => bindings::drm_property_create_bool(dev, atomic as u32, name),
                Kind::Range(min, max, ..) => {
                    bindings::drm_property_create_range(dev, atomic as u32, name, min, max)
                }
                Kind::SignedRange(min, max, ..) => {
                    bindings::drm_property_create_signed_range(dev, atomic as u32, name, min, max)
                }
                _ => bindings::drm_property_create(
                    dev,
                    flag | atomic as u32,
                    name,
                    c_int::try_from(values.len())?,
                ),
            }
        };
        if property.is_null() {
            return Err(ENOMEM);
        }

        for (value, name) in values {
            // SAFETY: The property has been created above, with room for all values. The name is
            // copied.
            crate::error::to_result(unsafe {
                bindings::drm_property_add_enum(property, (*value).into(), name.as_char_ptr())
            })?;
        }
        Ok(property)
    }

    /// The value in a state. Blobs are not in `S`.
    fn get(&self, state: &S) -> u64 {
        match self.kind {
            Kind::Boolean(get, _) => get(state).into(),
            Kind::Range(_, _, get, _) => get(state),
            // CAST: DRM core has signed values in two's complement.
            Kind::SignedRange(_, _, get, _) => get(state) as u64,
            Kind::Enumeration(_, get, _) => get(state).into(),
            Kind::Set(_, get, _) => get(state),
            Kind::Blob(_) => 0,
        }
    }
}

/// A reference to a blob.
///
/// # Invariants
///
/// The pointer is valid, and we have a reference.
struct Blob(NonNull<bindings::drm_property_blob>);

// SAFETY: Blobs do not change, and their references can be released in any thread.
unsafe impl Send for Blob {}
// SAFETY: As above.
unsafe impl Sync for Blob {}

impl Clone for Blob {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariants.
        unsafe { bindings::drm_property_blob_get(self.0.as_ptr()) };
        // INVARIANT: We have got a reference.
        Self(self.0)
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::drm_property_blob_put(self.0.as_ptr()) };
    }
}

/// The blobs of a state. The `n`th one is that of the object's `n`th property.
///
/// They stay in the state, which does not outlive the device.
#[derive(Default)]
pub(super) struct Blobs(KVec<Option<Blob>>);

impl Blobs {
    pub(super) fn duplicate(&self) -> Result<Self, AllocError> {
        let mut blobs = KVec::new();
        if !self.0.is_empty() {
            blobs.extend_from_slice(&self.0, GFP_KERNEL)?;
        }
        Ok(Self(blobs))
    }

    /// The content of the blob of a property.
    pub(super) fn content<S>(&self, properties: &[Property<S>], name: &CStr) -> Option<&[u8]> {
        let index = properties
            .iter()
            .position(|property| property.name == name)?;
        let blob = self.0.get(index)?.as_ref()?.0;

        // SAFETY: We have a reference to the blob, which has as many bytes, and does not change.
        Some(unsafe {
            core::slice::from_raw_parts((*blob.as_ptr()).data.cast::<u8>(), (*blob.as_ptr()).length)
        })
    }

    fn id(&self, index: usize) -> u64 {
        match self.0.get(index) {
            // SAFETY: We have a reference to the blob.
            Some(Some(blob)) => unsafe { (*blob.0.as_ptr()).base.id }.into(),
            _ => 0,
        }
    }

    fn set(&mut self, index: usize, blob: Option<Blob>) -> Result {
        while self.0.len() <= index {
            self.0.push(None, GFP_KERNEL)?;
        }
        self.0[index] = blob;
        Ok(())
    }
}

/// The content of a blob, as values of type `E`.
///
/// # Safety
///
/// `blob` must be null, or be valid during `'a` with values of type `E` as its content.
pub(super) unsafe fn content<'a, E>(blob: *const bindings::drm_property_blob) -> Option<&'a [E]> {
    if blob.is_null() {
        return None;
    }
    // SAFETY: By the safety requirements. The content of a blob does not change, and begins behind
    // the structure, which has the alignment of a pointer.
    Some(unsafe {
        core::slice::from_raw_parts((*blob).data.cast::<E>(), (*blob).length / size_of::<E>())
    })
}

/// The properties of an object, in the order of the driver's list.
///
/// # Invariants
///
/// The pointers are valid as long as the object.
pub(super) struct Table(KVec<*mut bindings::drm_property>);

// SAFETY: Properties do not change after setup.
unsafe impl Send for Table {}
// SAFETY: As above.
unsafe impl Sync for Table {}

impl Table {
    /// Creates the properties.
    ///
    /// # Safety
    ///
    /// As for [`Property::create`].
    pub(super) unsafe fn create<S>(
        dev: *mut bindings::drm_device,
        properties: &[Property<S>],
    ) -> Result<Self> {
        let mut table = KVec::new();
        for property in properties {
            // SAFETY: By the safety requirements.
            table.push(unsafe { property.create(dev) }?, GFP_KERNEL)?;
        }
        // INVARIANT: Properties live until the mode configuration is cleaned up, after the objects.
        Ok(Self(table))
    }

    /// Lets an object have the properties.
    ///
    /// # Safety
    ///
    /// `obj` must be a valid object of the same device, which is not registered.
    pub(super) unsafe fn attach<S: Default>(
        &self,
        obj: *mut bindings::drm_mode_object,
        properties: &[Property<S>],
    ) {
        if self.0.is_empty() {
            return;
        }
        let state = S::default();
        for (raw, property) in self.0.iter().zip(properties) {
            // SAFETY: By the safety requirements and the type invariants.
            unsafe { bindings::drm_object_attach_property(obj, *raw, property.get(&state)) };
        }
    }

    fn position(&self, property: *mut bindings::drm_property) -> Result<usize> {
        self.0.iter().position(|raw| *raw == property).ok_or(EINVAL)
    }

    /// Implements `atomic_set_property`.
    ///
    /// # Safety
    ///
    /// `dev` must be the object's device, and `value` be one that DRM core has found valid for the
    /// property.
    pub(super) unsafe fn set<S>(
        &self,
        dev: *mut bindings::drm_device,
        properties: &[Property<S>],
        (state, blobs): (&mut S, &mut Blobs),
        property: *mut bindings::drm_property,
        value: u64,
    ) -> Result {
        let index = self.position(property)?;

        match properties.get(index).ok_or(EINVAL)?.kind {
            Kind::Boolean(_, set) => set(state, value != 0),
            Kind::Range(_, _, _, set) => set(state, value),
            // CAST: DRM core has signed values in two's complement.
            Kind::SignedRange(_, _, _, set) => set(state, value as i64),
            Kind::Enumeration(_, _, set) => set(state, value.try_into()?),
            Kind::Set(_, _, set) => set(state, value),
            Kind::Blob(length) => {
                // SAFETY: By the safety requirements.
                let blob = unsafe { look_up(dev, value) }?;
                // SAFETY: We have a reference to the blob.
                let fits = |blob: &Blob| unsafe { (*blob.0.as_ptr()).length } == length;
                if !blob.as_ref().is_none_or(fits) {
                    return Err(EINVAL);
                }
                blobs.set(index, blob)?;
            }
        }
        Ok(())
    }

    /// Implements `atomic_get_property`.
    pub(super) fn get<S>(
        &self,
        properties: &[Property<S>],
        (state, blobs): (&S, &Blobs),
        property: *mut bindings::drm_property,
    ) -> Result<u64> {
        let index = self.position(property)?;
        let property = properties.get(index).ok_or(EINVAL)?;

        Ok(match property.kind {
            Kind::Blob(_) => blobs.id(index),
            _ => property.get(state),
        })
    }
}

/// The blob with an ID. None for 0.
///
/// # Safety
///
/// `dev` must be valid.
unsafe fn look_up(dev: *mut bindings::drm_device, id: u64) -> Result<Option<Blob>> {
    if id == 0 {
        return Ok(None);
    }
    // SAFETY: By the safety requirements.
    let blob = unsafe { bindings::drm_property_lookup_blob(dev, id.try_into()?) };

    // INVARIANT: The function has taken a reference for us.
    Ok(Some(Blob(NonNull::new(blob).ok_or(EINVAL)?)))
}

/// Implements the callbacks for the properties of a type of objects.
macro_rules! impl_properties {
    ($object:ident<$driver:ident>, $state:ident, driver: $($field:ident).+,
     c: $c_object:ident, $c_state:ident) => {
        impl<T: $driver> $object<T> {
            extern "C" fn set_property_callback(
                obj: *mut bindings::$c_object,
                state: *mut bindings::$c_state,
                property: *mut bindings::drm_property,
                value: u64,
            ) -> c_int {
                $crate::error::from_result(|| {
                    // SAFETY: `obj` is a `Self`, and `state` is a state of it which is being made:
                    // it belongs to the caller alone.
                    let (this, state) = unsafe {
                        (Self::from_raw(obj), &mut (*state.cast::<$state<T>>()).0)
                    };

                    // SAFETY: The device is that of the object, and DRM core checks all values.
                    unsafe {
                        this.properties.set(
                            (*obj).dev,
                            T::PROPERTIES,
                            (&mut state.$($field).+, &mut state.blobs),
                            property,
                            value,
                        )
                    }?;
                    Ok(0)
                })
            }

            extern "C" fn get_property_callback(
                obj: *mut bindings::$c_object,
                state: *const bindings::$c_state,
                property: *mut bindings::drm_property,
                value: *mut u64,
            ) -> c_int {
                $crate::error::from_result(|| {
                    // SAFETY: `obj` is a `Self`, and `state` is a state of it which nobody changes
                    // now.
                    let (this, state) = unsafe {
                        (Self::from_raw(obj), &(*state.cast::<$state<T>>()).0)
                    };

                    let found = this.properties.get(
                        T::PROPERTIES,
                        (&state.$($field).+, &state.blobs),
                        property,
                    )?;
                    // SAFETY: DRM core passes a valid pointer.
                    unsafe { *value = found };
                    Ok(0)
                })
            }
        }

        impl<T: $driver> $state<T> {
            /// The content of the blob that a property of the driver's has. None if user space has
            /// set none, and if there is no such property.
            pub fn blob(&self, name: &CStr) -> Option<&[u8]> {
                self.0.blobs.content(T::PROPERTIES, name)
            }
        }
    };
}
pub(super) use impl_properties;
