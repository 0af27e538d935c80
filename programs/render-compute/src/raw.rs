//! Changing an account that is not of a fixed type in the instruction's accounts: one that may be absent, or whose address the handler derives.

use anchor_lang::prelude::*;

/// Changes an account whose type was checked before.
pub(crate) fn write<T: bytemuck::Pod + Discriminator>(
    view: &mut AccountView,
    change: impl FnOnce(&mut T),
) -> Result<()> {
    let mut data = view.try_borrow_mut()?;
    let bytes = data.get_mut(T::DISCRIMINATOR.len()..).ok_or(Error::AccountDataTooSmall)?;
    change(bytemuck::try_from_bytes_mut(bytes).map_err(|_| Error::InvalidAccountData)?);
    Ok(())
}
