/** What a multiplexed connection begins with: 11 bytes, no terminator, no reply. Go: `backchannel.magicBytes`. */
export const BACKCHANNEL_MAGIC = 'backchannel';
