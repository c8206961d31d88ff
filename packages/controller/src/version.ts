/** Version of this package and of every other of the workspace. */
export const version = '0.1.0'
