#!/bin/sh
# Makes all files of this folder anew; the authority's key is thrown away.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

touch "$work/index.txt"
cat >"$work/ca.cnf" <<CONFIG
[ca]
default_ca = fleet
[fleet]
database = $work/index.txt
new_certs_dir = $work
default_md = sha256
policy = anything
rand_serial = yes
[anything]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[hub]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[box]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
CONFIG

# certify NAME KEY_FILE EXTENSIONS OPTIONS...: a new key and its certificate, valid from 2020 to 2120.
certify() {
  name=$1 key=$2 extensions=$3
  shift 3
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key"
  openssl req -new -key "$key" -subj "/CN=$name" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$extensions" "$@" \
    -startdate 20200101000000Z -enddate 21200101000000Z -in "$work/$name.csr" -out "$name.pem"
}

certify ca "$work/ca-key.pem" authority -selfsign -keyfile "$work/ca-key.pem"
certify hub hub-key.pem hub -cert ca.pem -keyfile "$work/ca-key.pem"
for box in box-1 box-2 box-9; do
  certify "$box" "$box-key.pem" box -cert ca.pem -keyfile "$work/ca-key.pem"
done
