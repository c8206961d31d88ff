/** The version of every Sealkit package; a layout test keeps it equal to the manifests. */
export const version = '0.1.0'
