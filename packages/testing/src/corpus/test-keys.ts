/**
 * Keys for tests. They are published here with their private parts: whatever trusts one of them trusts everybody.
 * They are fixed so that the corpus is the same at every run.
 */
export const TEST_KEYS: Record<TestKeyName, RsaPrimes> = {
  /** The key that signs: current, in the default key set. */
  issuer: {
    kid: 'b7:b0:cd:50:a3:a2:21:57:cc:aa:69:75:86:6f:10:1a',
    e: 65537n,
    p: 0xcd8b4c9edd653f5216776e735478b89ea7cc9c3573758a0cb9205d4c845d0a621191480da626185f3e98d46fa4ed55d919759c72d445f31d5c0a8330b46fd92ffb635093dd37a3dfea5f2769988f9f79dc3d4e81e150fe20a2846b14ee839c8687b39ec5511c44e651382cccc503d2412a2fc1fa2c9331c284ac41c4b913237bn,
    q: 0xb5133f28768bccdd5d15ecd38bca52ac4dced1282c20e3c96d9048289d27982012f320851eee482b0e3bf969d8fd00408f4cffd66bfb1c85b2554a5376fce8318a872f6ee90f5e41e4652f59b586ee24a571215ac49776d0742054fda250d1f381c8c6b4536ed27ba576885557aa252d4c17149da0d0e2a926495e934ea526a7n,
  },
  /** The key that signed before: still in the default key set. */
  previous: {
    kid: '4c:d9:47:d0:be:08:6b:7c:31:3e:7b:0e:72:62:bc:b3',
    e: 65537n,
    p: 0xf6022498ba7f637c45a5c444b706bea3043ebe629d8a2491faa5b8e1d5d6b9696811146d2bf31befcc6d98f5450e2be8e58cdbd148856ea102417672d8f839a7d6bdbb2c9d58aa8f92f5041e9db0d172ac294185e98725c791e61330dee41f3d271e96a2784c05919e66ba659f8304aae71c557677b58c1daef8300b08df2997n,
    q: 0xf30be0918d23fa1af70159514d91ceb6e70e6a1ee55725a52cab113790d33e105383972cfa04cd508d79785a85a860c5831cb3da61176e31f4f11bda8f24e8757ef5beb646618bafdc4894223d914145f1e79993bd250f5fed8fc6858f917b04a74bedc4d185292ce5cad92258965c2a04c5b7be749095b5043ed910f7dacb17n,
  },
  /** Somebody else's key, in no key set of the issuer. */
  attacker: {
    kid: '0e:2f:c7:79:92:1c:f0:42:db:f0:28:79:5c:60:57:9f',
    e: 65537n,
    p: 0xf809c85423a9f185fb02124a080b350df2150136b6c56552205c3df9bdb7caeb65ea9585260c3cab8c881757b8cc66d1e33e0cd495497107859911aa257684ad8db99903bf6e1a1d384fc387ffdcc6a7cb25cd26f206b6b73de333510708776a0d36cf95626be9342bfcdcc5327d1f8a3764f57b0649ef75813dbba714ea8cafn,
    q: 0xec43b3aeba6885a63a09f49520347f3f4703370587b5e29089b4b01321ce46efba22acf69c7badde9a02fedf21e620255312ed048ce8cf059544ce0b1de1d2c14c5e3bf4c2fd0eb10177efde0c47bdb3ad56a3962889a78f74bfe14fc5c9f4668ec5c898262a8bfb1cd6069688bae0222a1e009292b67fe443fa2fc214da929dn,
  },
  /** The key of another tenant of Kinde's. */
  otherTenant: {
    kid: 'e5:4e:d4:85:ab:df:94:19:0b:f4:cb:94:92:92:b8:a4',
    e: 65537n,
    p: 0xfc84b89e85b4d2f937414d423282047122ad8725a036aaab07de4e6425dd7d68c75e2f24452143326a35096a01c3ded5384b9a0f0789c4def980778e63bdec35b7f8fe4a5597da380ba2a294dc2bb6cd6dd02acdb6e83c42d0b60bb7daf59ec1466041da822f37935ac76d572d28cf6b8119567be69b1cb8e22309cef57d5ee5n,
    q: 0xcc42e0fce82d68cd021ab57f5c80ad52dc7174e58ebe45a37d9fbcfe8ddf971b5afde767f3a77e9288aacdcb654e6c29ded5c0964e8792451d6c0adc7e2c74fb520528ea8d0b00fc6b31848e9af93904f356aa95324b6826c3216ffcfffca7c062dcfb7ef131787006bc87c820674d82681b235cf8cc46f86739900a98e41eb3n,
  },
  /** A longer key than Kinde uses. */
  bits4096: {
    kid: '0c:35:c2:ea:49:5c:a9:6e:5e:67:5b:7d:9d:1f:01:87',
    e: 65537n,
    p: 0xe17c3e0b39fe26083353495d81f4d861163a88e4bc850183728836b24b0a4fd411b1d681cee03e9d52be51d826ee8e30f5b2a787630c444b782368a5b152db0f361738aec6e9e606c9d1d54ba594f258f9fa428d85cf0ff35b8d6f8cb7304285af5468c66dfe5af80aabaa654a44a4745ecc766069002db0798953bd393e7fe901f4e153ca641aeba66ab0af715752fbf63a356efd3b6ef80cb240f10c557719474dbb3782674ac1051f0e462c502a604580336e332078fc330226a45967d19e41c0a53c05898919bf437395a344de7f30c8c70918bcfab48db2bdc0dfb512ee9151ed3cec4bbe76c0d381d90468fe4aabbf1fcc94babc1e477a4880d5fe550fn,
    q: 0xda8477de4d529a849da50280a2f30b41b33e0c6a34f08e95847cb0cc5c1b58210d8d84c1cb25ee29c9cafc309fc82e8b548e8d74938c7371bb8ae3210442b0498f962d8c513ef12901fce3a9f4e687463fad2172c3b9de8f733d8f3a03e64792d326e29eb38fe03af647d61dd4b5c1e871c5eb01d1c738a763ee7ada046a2db6f0101e8ef8b0e4a1430aa732da88f48cb3c19f9e63a3a4e37ca9ce70ab303a6d6b80360b6b74f1aab7ba19efa114394864f71c54fb33a61e5546893b085667b646cfc62ec80a5b0f7f353be1a0b93f49f98df69e064464af92087b1573e70ead6e721e3d0570718b7dc679213dfbf58f36b4b154d7264d0ab556818f92ebade1n,
  },
  /** One bit too short (RFC 7518, section 3.3). */
  bits2047: {
    kid: 'f6:a3:93:fe:4f:11:54:8a:b8:bf:03:8b:18:0e:58:e8',
    e: 65537n,
    p: 0xdcf3af20dfc6385e128e121d060e6298971b2e98613eb06faa345ea54176042bf6deeab57f802a97696732553e62b8b82eaec65242270d123280bc507e789019e30dcbabe4862f916a4043e796c3cedc1a4dfd020eccdcc59d2083b27ef32feff576d0e99283b2d7ec3ab301338b61291594b27305e893345c382c66625b952bn,
    q: 0x608b89d2fa34005328faa00cd2463d51eb78d343d2a7f7c5707143ce22c0884115f8f7c9e0e7f9f69e124a14f448c97c5838b5c48ec61ea36a9cff5684c4f6a49860d877c3fcd499ec631fee35c73a7b94388381a37f282c1f0f1c2f92388503e5ef2984221c750689efbc4137535615b46984ad0486f87e0f0a6ea1fe0d5b5dn,
  },
  /** Half as long as RFC 7518, section 3.3, asks for. */
  bits1024: {
    kid: 'aa:89:64:77:20:b1:82:56:35:ba:52:ec:64:19:47:06',
    e: 65537n,
    p: 0xffd3ce1110274daee2a1f4f1ac1db181331203da9d79dc061cf36fb80f33c18b4e9268541c5c43fda3c3c8bed65b097fc0d135f5f2efcee2b93ea469b8dfafcbn,
    q: 0xcb7e7119b85a8a139957712c50a676ff47f6502a61ffdedfa9e14fc10f23b5dec30bc8c8dbd7705cc129f124f9c1d168ad5e840f80fd3040d79308d19114e66bn,
  },
  /** An exponent that makes forgeries a matter of cube roots. */
  exponent3: {
    kid: 'cc:32:96:90:db:34:e7:d1:78:28:d1:81:f7:47:cc:96',
    e: 3n,
    p: 0xd6f8cb8eadb446feb7a320682a0f64dd2a3dde62d7d42a60151e5e44f60e6ebf6dc6ca6b97dc0b93d80d6e98dfc702d3c5240973b326fccca8dcd33b3ce43103085d1da316dc05e48545618b7e9e13fa67864234459080c4a099da4630dae061cbc9dea10e155daf6188d14caa68f7266e341bff95ec869973e0485351f5dc31n,
    q: 0xd45f3cfe0f878b0add4f4891f7e919e3c4cd61f006e78f875a3bdee8baca3c3cdd9a9bc7d7369c992213fe7ddd912507bc714d119ca1a81c1247759aad7a4e0d1afb8a7ad3d77b7850191e89c6b13dd5b0914b49fca992d0f84937f18fcb2ce392bbdd3504700ec95e84d2a9b4f581c9d56e157ea354985bdab38cc737b6dfc1n,
  },
}

/** A P-256 key for tests, and one nonce with the signature member that belongs to it, so that signing is deterministic. */
export const TEST_EC_KEY = {
  kid: 'test-p256',
  x: 'dRMW2bPVx89ylc7Op5tZM-n2b_MUSstcYVr3oPXKfr8',
  y: 'AuXq6Lx8IDIAwNUxFJKNL4yvrCPBjhWeg86oVY-Au4U',
  d: 0x295d0b3b2e5d256078e6e5ca2be2be342c794f6d41453d4db140de1e9d70957cn,
  nonce: 0x6ece579359b5f58f98bb6f71da19fcc17dbd2cba2733e32deeb47c89431eec79n,
  r: 0x6dbe4aecf7608a24dfaa2bad72d9bca7c9a684bd362b5d2e1f6ffdf3853fe4c6n,
}

/** A self-signed certificate of the attacker's key, in the name of the issuer (base64 of DER, as in `x5c`). */
export const ATTACKER_CERTIFICATE =
  'MIIDFTCCAf2gAwIBAgIUWI6u/kue9cJfYThud6eiSKlYdiMwDQYJKoZIhvcNAQELBQAwGTEXMBUGA1UEAwwOdGVzdC5raW5kZS5jb20wIBcNMjYxMTI0MDYyMDQ4WhgPMjEyNjEwMzEwNjIwNDhaMBkxFzAVBgNVBAMMDnRlc3Qua2luZGUuY29tMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5OqdVSE7X0ZymOJK41b3LQ4iMC46NkACpyKAmwIeKwvtqW7QTJpCEcYQ4Rg5qBy2TQQFWlpYTkOcfxdTUUaHU7OUtb4vjiu/dg7PJ6ilQiboI/oKP9tVFNw8tc2RN6sznQo/v/Lh3bBBNK6v3xyvGyLdTM0nVxjxPyy+zdw46QZcEI2BOVuyen863ZxIMiCpRLTOfYwllYrsHMMSH3NJOCPYmpmlfyX7XSPW1Nc6OfoHzSmhQ0pLeY28La7ROwBYLBGfbAoO+3dJDkiOQ0LSpdTsJwNpT22gi9cany1cyGl3URX2h+1P8Zy/BIlBnr+Kss0i2S8LjjBrRD+9ERoVUwIDAQABo1MwUTAdBgNVHQ4EFgQUtYWJg5//g4C/mV3jNDvLKVBf7mkwHwYDVR0jBBgwFoAUtYWJg5//g4C/mV3jNDvLKVBf7mkwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEA1VG7bQ5VR2t70Yrt7oOqz1fJbZpR1GZFAxK0HUxpDLy0wnFk9YP4Kpz9WSOk51zpHGYZp5szeG39/AjpUYLSdvP+7C2SLwZlWQo+5FA6oWgBlRyrrrd9672PLL0Ve/mTreUp4gbin3hnZuYs47tcLhLdkxrg/kMMVF45MaNmnXIjqKYEDX3Df3qhQ9K1SMeemUW31RB6vmnOL1qfnmG/rC4OSFLfccKpI7w+JCFfLMKqO3uF3Q9nRQe4IdCI5LBbtHzIpEjWJn5zijcHDwkVUaXz+4ITJmAW9eYGXw7ToVNCXoCYlZOcepyPC7tMAyOxB3XLSOQ9SYxbCJHPR2JJkQ=='

/** An RSA key by its primes; everything else follows from them. */
export interface RsaPrimes {
  readonly kid: string
  readonly e: bigint
  readonly p: bigint
  readonly q: bigint
}

type TestKeyName =
  | 'issuer'
  | 'previous'
  | 'attacker'
  | 'otherTenant'
  | 'bits4096'
  | 'bits2047'
  | 'bits1024'
  | 'exponent3'
