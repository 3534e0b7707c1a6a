// Package kmscrypt has the ciphers of Microsoft's Key Management Service
// protocol: the CBC-MAC that guards V4 messages, AES-128 in CBC mode for V5,
// the altered AES of V6, and the keyed hash over V6 answers.
//
// All keys are fixed and publicly known; nothing here keeps a secret. So the
// code is written for speed with tables and makes no attempt at constant time,
// and V5 runs on the same code as the other two although crypto/aes could do
// it: V4 needs a 160-bit key and V6 a changed key schedule, which crypto/aes
// does not offer.
package kmscrypt
