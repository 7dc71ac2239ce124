#!/usr/bin/env bash
# A cart's user and rights at RabbitMQ. The user is called as the cart (cart.id), which holds no point: MQTT's levels are separated by points here, and {username} is the user.
# Usage: users.sh CART PASSWORD-FILE
set -euo pipefail
cart=$1
rabbitmqctl add_user "$cart" < "$2"

# configure, write, read: the exchange of MQTT and the queues of this plugin's subscriptions.
rabbitmqctl set_permissions -p / "$cart" '^mqtt-subscription-.*' '^(amq\.topic|mqtt-subscription-.*)$' '^(amq\.topic|mqtt-subscription-.*)$'

# write is to publish, read is to subscribe.
write='^cart\.{username}\.(session\.[^.]+\.vital\.[^.]+\.[^.]+|session\.[^.]+\.wave\.[^.]+\.[^.]+|session\.[^.]+\.wave\.[^.]+\.[^.]+\.description|session\.[^.]+\.event\.[^.]+\.[^.]+|session\.[^.]+\.event\.[^.]+\.[^.]+\.description|session\.[^.]+\.sound\.[^.]+\.[^.]+|session\.[^.]+\.sound\.[^.]+\.[^.]+\.description|session\.[^.]+\.gap\.[^.]+\.[^.]+|session\.[^.]+\.live\.[^.]+\.[^.]+|session\.[^.]+\.live\.[^.]+\.[^.]+\.status|session\.[^.]+\.auscultation|session\.[^.]+\.clip\.[^.]+|session\.[^.]+\.state|session\.[^.]+\.set|session\.[^.]+\.spot|session\.[^.]+\.device\.[^.]+|session\.[^.]+\.request\.[^.]+|session\.[^.]+\.replay\.[^.]+\.[^.]+\.[^.]+\.[^.]+|reply\.[^.]+|test\.[^.]+)$'
read='^cart\.{username}\.(command\.session|command\.sound|command\.cuff|session\.[^.]+\.receipt|session\.[^.]+\.replay|session\.[^.]+\.request|session\.[^.]+\.listening|session\.[^.]+\.listener-check|session\.[^.]+\.clip\.[^.]+\.mark|test\.[^.]+)$'
rabbitmqctl set_topic_permissions -p / "$cart" amq.topic "$write" "$read"
