/**
 * First 11 bytes of a multiplexed connection, without terminator or reply. Go: `backchannel.magicBytes`.
 */
export const BACKCHANNEL_MAGIC = 'backchannel';
