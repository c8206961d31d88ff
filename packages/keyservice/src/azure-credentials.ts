import type { KeyIo } from './io.ts'
import { sdk } from './sdk.ts'

/** A service principal of Entra ID, by its secret or by its certificate. */
export interface AzureCredentials {
  readonly tenantId: string
  readonly clientId: string
  /** Where it signs in, `https://login.microsoftonline.us` for instance; absent for Azure's public cloud. */
  readonly authorityHost?: string
  readonly proof:
    | { readonly kind: 'secret'; readonly secret: string }
    | {
        readonly kind: 'certificate'
        /** The certificate and its private key, in PEM. */
        readonly pem: string
        /** Of the private key; empty where it is not encrypted. */
        readonly password: string
        /** Show the whole chain, as sign-in by subject name and issuer wants it. */
        readonly sendChain: boolean
      }
}

/** What gives tokens: of `@azure/identity`. */
export interface AzureTokens {
  getToken(
    scope: string,
    options: { readonly tenantId?: string; readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string }>
}

interface ClientOptions {
  readonly authorityHost: string
  readonly disableInstanceDiscovery: boolean
  readonly sendCertificateChain?: boolean
}

/** What is used of `@azure/identity`. */
interface AzureIdentity {
  readonly DefaultAzureCredential: new () => AzureTokens
  readonly ClientSecretCredential: new (
    tenantId: string,
    clientId: string,
    secret: string,
    options: ClientOptions,
  ) => AzureTokens
  readonly ClientCertificateCredential: new (
    tenantId: string,
    clientId: string,
    certificate: { readonly certificate: string; readonly certificatePassword?: string },
    options: ClientOptions,
  ) => AzureTokens
}

const publicCloud = 'https://login.microsoftonline.com'

/**
 * What gives tokens for these credentials, else for Azure's default ones.
 *
 * @throws `SDK_MISSING`, and what `@azure/identity` throws of credentials that cannot be any
 */
export async function azureTokens(io: KeyIo, credentials: AzureCredentials | undefined): Promise<AzureTokens> {
  const identity = await sdk<AzureIdentity>(io, '@azure/identity')
  if (credentials === undefined) return new identity.DefaultAzureCredential()
  const { tenantId, clientId, authorityHost, proof } = credentials
  // Said always: the library would take the process' AZURE_AUTHORITY_HOST. Who names a host vouches for it: the public
  // cloud, which is asked about hosts otherwise, knows nothing of a private one and may be out of reach from there.
  const options = {
    authorityHost: authorityHost ?? publicCloud,
    disableInstanceDiscovery: authorityHost !== undefined,
  }
  if (proof.kind === 'secret') {
    return new identity.ClientSecretCredential(tenantId, clientId, proof.secret, options)
  }
  const certificate = {
    certificate: proof.pem,
    ...(proof.password !== '' && { certificatePassword: proof.password }),
  }
  return new identity.ClientCertificateCredential(tenantId, clientId, certificate, {
    ...options,
    sendCertificateChain: proof.sendChain,
  })
}
